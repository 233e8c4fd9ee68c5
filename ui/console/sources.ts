// What the frame is plugged into: the instant search and the bell.

import { api, done, got } from '@/core/api'
import { speak } from '@/core/words'
import { registry } from '@/core/words/registry'
import { ageOn, dayIfAny } from '@/core/dates'
import { places } from '@/core/places'
import { to } from './routes'
import { session } from './session'
import type { Sources } from './shell'

const t = speak(registry)

export const real: Sources = {
  findNeeds: 'child.list',
  async find(text, signal) {
    const rows = await got(api.GET('/api/children/search', { params: { query: { text } }, signal }))
    const where = await Promise.all(rows.map(row => places.place(row.region)))
    return rows.map((row, n) => {
      const age = row.birth_on ? t('child.age', { n: ageOn(row.birth_on, session.value?.today) }) : ''
      return { id: row.id, title: row.name, note: [age, where[n]?.name].filter(Boolean).join(' '), to: to.child(row.id) }
    })
  },
  async notices() {
    const items = await got(api.GET('/api/notices'))
    const unread = items.filter(notice => !dayIfAny(notice.read_at))
    return {
      unread: unread.length,
      // Links are paths of our own.
      items: unread.map(({ id, text, at, link }) => ({ id, text, at, to: link || to.home() })),
    }
  },
  readNotices: until => done(api.POST('/api/notices/read', { body: { until } })),
}
