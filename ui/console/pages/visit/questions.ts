// What a visit asks about: what is on file stands there, and only what changed
// is recorded.

import type { Schema } from '@/core/api'
import { placeFull } from '../../places'
import { factOn } from '../registry/words'
import { t } from './words'

export interface Question {
  /** Also the name of its answer in the form. */
  key: string
  about: 'child' | 'father' | 'mother'
  kind: string
  words: string
  /** What is on file, if anything. */
  fact: Schema<'RegistryFact'> | undefined
}

export interface Answer {
  changed: '' | 'yes'
  value: string
  since: string
  place: string
}

export const unchanged = (): Answer => ({ changed: '', value: '', since: '', place: '' })

const always: Omit<Question, 'fact'>[] = [
  { key: 'father.absence', about: 'father', kind: 'absence', words: t('visit.question_father_absence') },
  { key: 'mother.absence', about: 'mother', kind: 'absence', words: t('visit.question_mother_absence') },
  { key: 'child.care', about: 'child', kind: 'care', words: t('visit.question_care') },
  { key: 'child.living', about: 'child', kind: 'living', words: t('visit.question_living') },
  { key: 'child.care_quality', about: 'child', kind: 'care_quality', words: t('visit.question_care_quality') },
  { key: 'child.schooling', about: 'child', kind: 'schooling', words: t('visit.question_schooling') },
  { key: 'child.boarding', about: 'child', kind: 'boarding', words: t('visit.question_boarding') },
  { key: 'child.health', about: 'child', kind: 'health', words: t('visit.question_health') },
]
// Asked only where the verdict waits for them.
const whenMissing: Omit<Question, 'fact'>[] = [
  { key: 'father.ability', about: 'father', kind: 'ability', words: t('visit.question_father_ability') },
  { key: 'mother.ability', about: 'mother', kind: 'ability', words: t('visit.question_mother_ability') },
  { key: 'child.household', about: 'child', kind: 'household', words: t('visit.question_household') },
]

export function questionsFor(file: Schema<'RegistryFile'>, today: string): Question[] {
  const missing = new Set(file.verdicts.flatMap(v => v.missing ?? []))
  const wanted = whenMissing.filter(q => missing.has(q.key) || (q.kind === 'household' && missing.has('household')))
  return [...always, ...wanted].map(q => ({ ...q, fact: factOn(file.facts ?? [], q.about, q.kind, today) }))
}

/** What changed, as facts to record. */
export function factsOf(questions: readonly Question[], answers: Record<string, Answer>): Schema<'RegistryNewFact'>[] {
  return questions.flatMap(({ key, about, kind }) => {
    const a = answers[key]
    if (a?.changed !== 'yes' || !a.value) return []
    const where = kind === 'absence' && a.value === 'away' && a.place ? { place: a.place, place_text: placeFull(a.place) } : {}
    return [{ about, kind, value: a.value, start_on: a.since, ...where }]
  })
}
