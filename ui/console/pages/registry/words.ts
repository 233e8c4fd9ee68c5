// How the register's codes are said, where the server has no words for them.
import { speak } from '@/core/words'
import { registry } from '@/core/words/registry'
import { dayIfAny } from '@/core/dates'
import type { Schema } from '@/core/api'
import type { Tone } from '../../parts/StateTag.vue'

export const t = speak(registry)

export function saySex(sex: number): string {
  switch (sex) {
    case 1:
      return t('child.sex_1')
    case 2:
      return t('child.sex_2')
    case 9:
      return t('child.sex_9')
    default:
      return t('child.sex_0')
  }
}

/** A verdict in words, long for a headline and short for a cell, with its tone. */
export function sayVerdict(answer: string): { long: string; short: string; tone: Tone } {
  switch (answer) {
    case 'yes':
      return { long: t('verdict.yes'), short: t('verdict.yes_short'), tone: 'active' }
    case 'no':
      return { long: t('verdict.no'), short: t('verdict.no_short'), tone: 'plain' }
    default:
      return { long: t('verdict.unknown'), short: t('verdict.unknown_short'), tone: 'attention' }
  }
}

const abouts: Record<string, string> = {
  child: t('fact.about_child'),
  father: t('fact.about_father'),
  mother: t('fact.about_mother'),
  carer: t('fact.about_carer'),
}
const kinds: Record<string, string> = {
  absence: t('fact.kind_absence'),
  life: t('fact.kind_life'),
  ability: t('fact.kind_ability'),
  performing: t('fact.kind_performing'),
  living: t('fact.kind_living'),
  care: t('fact.kind_care'),
  care_quality: t('fact.kind_care_quality'),
  household: t('fact.kind_household'),
  schooling: t('fact.kind_schooling'),
  boarding: t('fact.kind_boarding'),
  health: t('fact.kind_health'),
  support: t('fact.kind_support'),
  income: t('fact.kind_income'),
  arrangement: t('fact.kind_arrangement'),
}
const sources: Record<string, string> = {
  desk: t('fact.source_desk'),
  import: t('fact.source_import'),
  visit: t('fact.source_visit'),
  visit_missed: t('fact.source_visit_missed'),
  move: t('fact.source_move'),
  clock: t('fact.source_clock'),
}

export const sayAbout = (about: string) => abouts[about] ?? about
export const sayKind = (kind: string) => kinds[kind] ?? kind
export const saySource = (source: string) => sources[source] ?? source

/** Which facts may be recorded about whom. */
export const kindsOf: Record<string, readonly string[]> = {
  child: ['living', 'care', 'care_quality', 'schooling', 'boarding', 'health', 'household', 'support', 'income', 'arrangement'],
  father: ['absence', 'life', 'ability', 'performing'],
  mother: ['absence', 'life', 'ability', 'performing'],
  carer: ['performing'],
}
export const aboutChoices = Object.entries(abouts).map(([value, label]) => ({ value, label }))

/** Kinds whose value is several codes joined by spaces. */
export const several = new Set(['support', 'income'])

type Since = Pick<Schema<'RegistryFact'>, 'start_on' | 'known_on' | 'end_on'>

/** Since when a fact holds, and until when. */
export function saySince({ start_on, known_on, end_on }: Since): string {
  const start = start_on ? t('fact.start', { day: start_on }) : t('fact.start_unknown', { day: known_on })
  return end_on ? `${start} ${t('fact.end', { day: end_on })}` : start
}

/** The fact of a kind about somebody that holds on a day, as the server chooses it. */
export function factOn(facts: readonly Schema<'RegistryFact'>[], about: string, kind: string, on: string): Schema<'RegistryFact'> | undefined {
  const from = (f: Schema<'RegistryFact'>) => f.start_on || f.known_on
  return facts
    .filter(f => f.about === about && f.kind === kind && !dayIfAny(f.withdrawn_at) && from(f) <= on && (!f.end_on || on < f.end_on))
    .sort((a, b) => from(b).localeCompare(from(a)) || b.recorded_at.localeCompare(a.recorded_at))[0]
}

export const sexChoices = [
  { value: '1', label: t('child.sex_1') },
  { value: '2', label: t('child.sex_2') },
  { value: '0', label: t('child.sex_0') },
  { value: '9', label: t('child.sex_9') },
]

/** A number of GB/T 2261.1 out of a form's text. */
export function sexOf(text: string): 0 | 1 | 2 | 9 {
  switch (text) {
    case '1':
      return 1
    case '2':
      return 2
    case '9':
      return 9
    default:
      return 0
  }
}
