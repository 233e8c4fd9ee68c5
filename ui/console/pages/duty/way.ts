// The one thing that discharges a duty, and where it is done.

import type { RouteLocationRaw, Router } from 'vue-router'
import type { Schema } from '@/core/api'
import { has, to } from '../../routes'
import { hasRole, may } from '../../session'
import { t } from './words'

export interface Way {
  words: string
  to: RouteLocationRaw
}

/** wayOut leads from a duty to what discharges it; undefined where this person can do nothing. */
export function wayOut(duty: Schema<'DutyRow'>, router: Router): Way | undefined {
  const page = (name: string, words: string): Way | undefined => (has(router, name) ? { words, to: { name } } : undefined)
  const file = duty.child_id && may('child.read') ? { words: t('duty.go_file'), to: to.child(duty.child_id) } : undefined
  if (duty.thread_id && duty.rule !== 'report.omission') return may('thread.read') ? { words: t('duty.go_thread'), to: to.thread(duty.thread_id) } : undefined
  switch (duty.rule) {
    case 'visit.verify':
      // Only the township's own visit answers it.
      return hasRole('township_supervisor') ? { words: t('duty.go_visit'), to: to.visit(duty.child_id) } : file
    case 'visit.routine':
    case 'redline.alone':
      return may('visit.record') ? { words: t('duty.go_visit'), to: to.visit(duty.child_id) } : file
    case 'file.identity':
      return may('child.change') ? { words: t('duty.go_identity'), to: to.editChild(duty.child_id) } : file
    case 'file.facts':
      return file && { ...file, words: may('child.change') ? t('duty.go_facts') : file.words }
    case 'file.decide':
      return page('imports', t('duty.go_imports'))
    case 'file.opening':
      return page('openings', t('duty.go_openings'))
    case 'file.move':
      return may('move.list') ? { words: t('duty.go_moves'), to: { name: 'home', hash: '#moves' } } : undefined
    case 'report.required':
      return may('report.file') ? { words: t('duty.go_report'), to: to.report({ child: duty.child_id }) } : file
    case 'report.omission':
      return may('report.conclude') ? { words: t('duty.go_see'), to: to.omission(duty.subject_id) } : undefined
    case 'post.fill':
      return page('people', t('duty.go_people'))
    default:
      return file ?? { words: t('duty.go_see'), to: to.duty(duty.id) }
  }
}
