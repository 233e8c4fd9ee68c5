// Where a list stands: its filters, its search, its page. All of it is in the
// address, so that going back, reloading or sending a colleague the link finds
// the same list; all but what was typed to search by. That is mostly a child's
// name, and addresses lie in clear in the browser's history, so the address
// holds a number that means something in this tab's memory only.

import { computed, type ComputedRef } from 'vue'
import { useRoute, useRouter, type LocationQuery } from 'vue-router'

/** What a list asks the server for. */
export interface Ask {
  search: string
  filters: Record<string, string>
  /** The cursor the server gave with the page before; undefined for the first. */
  after: string | undefined
  limit: number
}

export interface Place {
  ask: ComputedRef<Ask>
  page: ComputedRef<number>
  /** Something narrows the list. */
  narrowed: ComputedRef<boolean>
  search(text: string): void
  filter(name: string, value: string): void
  clear(): void
  next(cursor: string): void
  /** To the page before; to the first where the way here is not known (a link that was sent). */
  previous(): void
  knowsPrevious: ComputedRef<boolean>
}

const pageSize = 50
const searches = new Map<string, string>()

/** Cursors in one parameter; what one may hold is the server's business. */
function written(cursors: readonly string[]): string {
  return cursors.map(encodeURIComponent).join(' ')
}

/** A mangled address opens the first page. */
function cursors(text: string): string[] {
  try {
    return text.split(' ').filter(Boolean).map(decodeURIComponent)
  } catch {
    return []
  }
}

export function usePlace(filters: readonly string[]): Place {
  const route = useRoute()
  const router = useRouter()

  const text = (name: string) => {
    const value = route.query[name]
    return typeof value === 'string' ? value : ''
  }
  const search = computed(() => searches.get(text('find')) ?? '')
  // A cursor belongs to the search it was made under; when that is forgotten
  // (a reload), the list starts over.
  const lost = computed(() => text('find') !== '' && !searches.has(text('find')))
  // The cursors of the pages before this one, each a step of the way here.
  const trail = computed(() => (lost.value ? [] : cursors(text('after'))))

  const ask = computed<Ask>(() => ({
    search: search.value,
    filters: Object.fromEntries(filters.map(name => [name, text(name)]).filter(([, value]) => value !== '')),
    after: trail.value[trail.value.length - 1],
    limit: pageSize,
  }))

  function go(change: LocationQuery, replace = false) {
    const query = Object.fromEntries(Object.entries({ ...route.query, ...change }).filter(([, value]) => value))
    void (replace ? router.replace({ query }) : router.push({ query }))
  }

  return {
    ask,
    page: computed(() => trail.value.length + 1),
    narrowed: computed(() => search.value !== '' || Object.keys(ask.value.filters).length > 0),
    knowsPrevious: computed(() => trail.value.length > 0),
    search(typed) {
      if (typed === search.value) return
      const find = typed === '' ? '' : String(searches.size + 1)
      if (find) searches.set(find, typed)
      go({ find, after: '' }, search.value !== '') // one entry in the history for one search, not one a letter
    },
    filter: (name, value) => go({ [name]: value, after: '' }),
    clear: () => go({ ...Object.fromEntries(filters.map(name => [name, ''])), find: '', after: '' }),
    next: cursor => go({ after: written([...trail.value, cursor]) }),
    previous: () => go({ after: written(trail.value.slice(0, -1)) }),
  }
}
