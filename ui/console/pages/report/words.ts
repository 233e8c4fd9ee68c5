import type { Schema } from '@/core/api'
import { speak } from '@/core/words'
import { report } from '@/core/words/report'
import type { Tone } from '../../parts/StateTag.vue'

export const t = speak(report)

/** Where a case stands, in words. */
export const stages: Record<string, { word: string; tone: Tone }> = {
  received: { word: t('thread.received'), tone: 'danger' },
  responding: { word: t('thread.responding'), tone: 'active' },
  assessing: { word: t('thread.assessing'), tone: 'active' },
  assisting: { word: t('thread.assisting'), tone: 'active' },
  closed: { word: t('thread.closed'), tone: 'done' },
  joined: { word: t('thread.joined'), tone: 'plain' },
}

/** Where a report stands, in words for who sent it. */
export const reportStates: Record<string, { word: string; tone: Tone }> = {
  received: { word: t('report.state_received'), tone: 'attention' },
  accepted: { word: t('report.state_accepted'), tone: 'active' },
  declined: { word: t('report.state_declined'), tone: 'attention' },
  answered: { word: t('report.state_answered'), tone: 'done' },
}

const lines: Record<string, string> = {
  'report.filed': t('line.filed'),
  'thread.opened': t('line.opened'),
  'report.accept': t('line.accept'),
  'report.decline': t('line.decline'),
  'report.return': t('line.return'),
  'report.answer': t('line.answer'),
  'report.pass': t('line.pass'),
  'report.inform': t('line.inform'),
  'thread.respond': t('line.respond'),
  'thread.notify': t('line.notify'),
  'thread.plan': t('line.plan'),
  'thread.assess': t('line.assess'),
  'thread.close': t('line.close'),
  'thread.reopen': t('line.reopen'),
  'thread.join': t('line.join'),
  'thread.joined': t('line.join'),
  'thread.noted': t('line.noted'),
  'thread.placed': t('line.placed'),
  'thread.admitted': t('line.admitted'),
  'report.file_added': t('line.file_added'),
  'report.award': t('line.award'),
  'report.omission': t('line.omission'),
  'report.conclude': t('line.conclude'),
  'duty.carry': t('line.duty_carried'),
}

/** What a line of a case's journal tells; '' for a mere look at it. */
export function sayLine(line: Schema<'JournalLine'>): string {
  return line.outcome === 'done' ? (lines[line.action] ?? '') : ''
}
