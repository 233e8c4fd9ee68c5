import type { Schema } from '@/core/api'
import { speak } from '@/core/words'
import { governance } from '@/core/words/governance'
import type { Tone } from '../../parts/StateTag.vue'

export const t = speak(governance)

export type ClauseState = 'late' | 'duties' | 'records' | 'empty' | 'not_built'

/** How a clause stands. Nothing behind it is never green, and what this program does not serve says so. */
export function stateOf(clause: Schema<'GovernanceClause'>): ClauseState {
  if (!clause.built) return 'not_built'
  if (clause.duties_overdue > 0 || clause.attention) return 'late'
  if (clause.duties_open > 0) return 'duties'
  return clause.records + clause.duties_discharged > 0 ? 'records' : 'empty'
}

export const clauseStates: Record<ClauseState, { word: string; tone: Tone }> = {
  late: { word: t('board.state_late'), tone: 'danger' },
  duties: { word: t('board.state_duties'), tone: 'active' },
  records: { word: t('board.state_records'), tone: 'done' },
  empty: { word: t('board.state_empty'), tone: 'attention' },
  not_built: { word: t('board.state_not_built'), tone: 'plain' },
}
