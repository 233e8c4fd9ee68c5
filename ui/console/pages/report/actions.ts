// What may be done with a case, in the order it is usually done. The server
// says which of them this person may do now; here is how each is asked for.
import { api, done, keyed } from '@/core/api'
import { t } from './words'

export interface Typed {
  text: string
  on: string
  choice: string
  unit: string
  user: string
  child: string
  region: string
  amount: string
}

export interface Action {
  name: string
  /** The word by which the server offers it. */
  needs: string
  words: string
  body?: string
  danger?: boolean
  /** What is asked, in this order. */
  asks: readonly (keyof Typed)[]
  /** What the sentence typed is called, where one is asked for. */
  text?: string
  choices?: readonly { value: string; label: string }[]
  send(id: string, v: Typed, key: string): Promise<unknown>
}

const path = (id: string, key: string) => ({ params: { path: { id } }, headers: keyed(key) })

export const actions: readonly Action[] = [
  { name: 'accept', needs: 'accept', words: t('do.accept'), body: t('do.accept_body'), asks: [], send: (id, _, key) => done(api.POST('/api/threads/{id}/acceptance', path(id, key))) },
  {
    name: 'review', needs: 'review', words: t('do.review'), asks: ['choice', 'text'], text: t('do.review_what'),
    choices: [{ value: 'no', label: t('do.review_disagree') }, { value: 'yes', label: t('do.review_agree') }],
    send: (id, v, key) => done(api.POST('/api/threads/{id}/review', { ...path(id, key), body: { agree: v.choice === 'yes', text: v.text } })),
  },
  { name: 'inform', needs: 'inform', words: t('do.inform'), body: t('do.inform_body'), asks: [], send: (id, _, key) => done(api.POST('/api/threads/{id}/informed', path(id, key))) },
  {
    name: 'answer', needs: 'answer', words: t('do.answer'), body: t('do.answer_body'), asks: ['text'], text: t('do.text'),
    send: (id, v, key) => done(api.POST('/api/threads/{id}/answer', { ...path(id, key), body: { text: v.text } })),
  },
  {
    name: 'note', needs: 'change', words: t('do.note'), asks: ['text', 'on'], text: t('do.note_text'),
    send: (id, v, key) => done(api.POST('/api/threads/{id}/notes', { ...path(id, key), body: { text: v.text, ...(v.on ? { next_on: v.on } : {}) } })),
  },
  {
    name: 'place', needs: 'change', words: t('do.place'), asks: ['child', 'region'],
    send: (id, v, key) => done(api.POST('/api/threads/{id}/place', { ...path(id, key), body: v.child ? { child_id: v.child } : { region: v.region } })),
  },
  {
    name: 'pass', needs: 'pass', words: t('do.pass'), body: t('do.pass_body'), asks: ['unit', 'text'], text: t('do.reason'),
    send: (id, v, key) => done(api.POST('/api/threads/{id}/station', { ...path(id, key), body: { organisation_id: v.unit, reason: v.text } })),
  },
  {
    name: 'decline', needs: 'decline', words: t('do.decline'), body: t('do.decline_body'), danger: true, asks: ['text'], text: t('do.reason'),
    send: (id, v, key) => done(api.POST('/api/threads/{id}/refusal', { ...path(id, key), body: { reason: v.text } })),
  },
  {
    name: 'admit', needs: 'admit', words: t('do.admit'), asks: ['user', 'text'], text: t('do.reason'),
    send: (id, v, key) => done(api.POST('/api/threads/{id}/admissions', { ...path(id, key), body: { user_id: v.user, reason: v.text } })),
  },
  {
    name: 'award', needs: 'award', words: t('do.award'), asks: ['unit', 'choice', 'amount', 'text'], text: t('do.reason'),
    choices: [{ value: 'praise', label: t('do.award_praise') }, { value: 'money', label: t('do.award_money') }, { value: 'none', label: t('do.award_none') }],
    send: (id, v, key) =>
      done(api.POST('/api/threads/{id}/awards', { ...path(id, key), body: { report_id: v.unit, kind: v.choice as 'praise', reason: v.text, ...(v.choice === 'money' ? { amount: Number(v.amount) } : {}) } })),
  },
  {
    name: 'omission', needs: 'omission', words: t('do.omission'), body: t('do.omission_body'), asks: ['unit', 'on', 'text'], text: t('do.omission_text'),
    send: (id, v, key) => done(api.POST('/api/threads/{id}/omissions', { ...path(id, key), body: { organisation_id: v.unit, known_on: v.on, text: v.text } })),
  },
]
