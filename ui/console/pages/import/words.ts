import type { Schema } from '@/core/api'
import type { Progress } from '@/core/follow'
import { speak } from '@/core/words'
import { imports } from '@/core/words/import'

export const t = speak(imports)

export type Import = Schema<'RegistryImport'>
export type Row = Schema<'RegistryImportRow'>

type Tone = 'plain' | 'attention' | 'danger' | 'done'

/** How each state of an import is said. */
export const states: Record<string, { word: string; tone: Tone }> = {
  received: { word: t('import.state_received'), tone: 'plain' },
  read: { word: t('import.state_read'), tone: 'plain' },
  checking: { word: t('import.state_checking'), tone: 'plain' },
  checked: { word: t('import.state_checked'), tone: 'attention' },
  posting: { word: t('import.state_posting'), tone: 'plain' },
  posted: { word: t('import.state_posted'), tone: 'done' },
  undoing: { word: t('import.state_undoing'), tone: 'plain' },
  undone: { word: t('import.state_undone'), tone: 'plain' },
  failed: { word: t('import.state_failed'), tone: 'danger' },
}

export const outcomes: Record<string, { word: string; tone: Tone }> = {
  accepted: { word: t('import.accepted'), tone: 'done' },
  held: { word: t('import.held'), tone: 'attention' },
  rejected: { word: t('import.rejected'), tone: 'danger' },
}

/** Whether work on it is going on by itself. */
export function running(i: Import): boolean {
  return ['received', 'read', 'checking', 'posting', 'undoing'].includes(i.state)
}

/** An import as the progress panel shows it. */
export function progressOf(i: Import): Progress {
  const posting = i.state === 'posting'
  return {
    state: i.state === 'failed' ? 'failed' : running(i) ? 'running' : 'done',
    done: posting ? i.entered : i.done,
    total: (posting ? i.accepted : i.total) || null,
    note: i.state === 'failed' ? i.reason : states[i.state]?.word ?? '',
    counts: [
      { label: t('import.accepted'), n: i.accepted },
      { label: t('import.held'), n: i.held },
      { label: t('import.rejected'), n: i.rejected },
    ],
  }
}
