// The codes a visit is kept in, in words, for reading and for paper. A visit
// form brings the same from the server; who may only read visits has none.

import { t } from './words'

type Words = Record<string, string>

export const absences: Words = {
  nobody_home: t('visit.absence_nobody_home'),
  away_days: t('visit.absence_away_days'),
  moved: t('visit.absence_moved'),
  boarding: t('visit.absence_boarding'),
  refused: t('visit.absence_refused'),
  road: t('visit.absence_road'),
  other: t('visit.absence_other'),
}

export const ways: Words = {
  home: t('visit.way_home'),
  school: t('visit.way_school'),
  telephone: t('visit.way_telephone'),
  elsewhere: t('visit.way_elsewhere'),
}

export const findings: Words = {
  alone: t('visit.finding_alone'),
  missing: t('visit.finding_missing'),
  carer_unable: t('visit.finding_carer_unable'),
  not_performing: t('visit.finding_not_performing'),
  injury: t('visit.finding_injury'),
  accident: t('visit.finding_accident'),
  harm: t('visit.finding_harm'),
  danger: t('visit.finding_danger'),
  dropped_out: t('visit.finding_dropped_out'),
  low_mood: t('visit.finding_low_mood'),
  unsafe_home: t('visit.finding_unsafe_home'),
  no_contact: t('visit.finding_no_contact'),
}

export const needs: Words = {
  living: t('visit.need_living'),
  medical: t('visit.need_medical'),
  schooling: t('visit.need_schooling'),
  rehabilitation: t('visit.need_rehabilitation'),
  guardianship: t('visit.need_guardianship'),
}

export const states: Record<string, Words> = {
  living: {
    met: t('visit.living_met'),
    entitled: t('visit.living_entitled'),
    short: t('visit.living_short'),
    no: t('visit.living_no'),
  },
  medical: {
    met: t('visit.medical_met'),
    uninsured: t('visit.medical_uninsured'),
    short: t('visit.medical_short'),
  },
  schooling: {
    met: t('visit.schooling_met'),
    short: t('visit.schooling_short'),
    dropped_out: t('visit.schooling_dropped_out'),
    too_young: t('visit.schooling_too_young'),
  },
  rehabilitation: {
    none: t('visit.rehabilitation_none'),
    met: t('visit.rehabilitation_met'),
    short: t('visit.rehabilitation_short'),
  },
  guardianship: {
    met: t('visit.guardianship_met'),
    weak: t('visit.guardianship_weak'),
    failing: t('visit.guardianship_failing'),
  },
}

/** Findings that call for the police first; paper marks them. */
export const grave = new Set(['alone', 'missing', 'carer_unable', 'not_performing', 'injury', 'accident', 'harm', 'danger'])
