import { expect, test } from 'vitest'
import type { Schema } from '@/core/api'
import { clauseStates, stateOf } from './words'

function clause(part: Partial<Schema<'GovernanceClause'>>): Schema<'GovernanceClause'> {
  return {
    id: '三.二.6',
    title: '',
    mechanism: 'visit',
    bearers: '',
    duty: '',
    frequency: '',
    supervisor: '',
    live: false,
    built: true,
    duties_open: 0,
    duties_overdue: 0,
    duties_discharged: 0,
    duties_kept: 0,
    records: 0,
    attention: false,
    ...part,
  }
}

test.each([
  ['not_built', { built: false }],
  ['empty', {}],
  ['records', { records: 3 }],
  ['records', { duties_discharged: 2 }],
  ['duties', { duties_open: 1, records: 9 }],
  ['late', { duties_open: 4, duties_overdue: 1 }],
  ['late', { records: 7, attention: true }],
] as const)('A clause is %s with %o', (state, part) => expect(stateOf(clause(part))).toBe(state))

test('Nothing behind a clause is never green', () => {
  expect([clauseStates.empty.tone, clauseStates.not_built.tone]).not.toContain('done')
})
