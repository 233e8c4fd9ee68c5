// What division codes are called and what lies below them. Codes are asked
// about together, each once, and the answers stay in memory: names of villages
// are no secret, and they change with the server.

import { api, got, type Schema } from './api'

export type Place = Schema<'RegistryPlace'>

/** The digits that mean something: 500235101000 is a town, 500235101. */
export function prefixOf(code: string): string {
  return code.slice(0, [2, 4, 6, 9].find(width => /^0*$/.test(code.slice(width))) ?? 12)
}

/** The code of the division of a width that a place lies in. */
export function above(code: string, width: number): string {
  return code.slice(0, width).padEnd(12, '0')
}

/** How the lookup reaches the server. */
export interface Atlas {
  names(codes: string[]): Promise<Place[]>
  below(parent: string): Promise<Place[]>
}

const mostAtOnce = 200
const settle = 10

/** lookup answers from memory what it was asked before, and asks for the rest in as few requests as it can. */
export function lookup(atlas: Atlas) {
  const known = new Map<string, Promise<Place | undefined>>()
  const lists = new Map<string, Promise<Place[]>>()
  let waiting = new Map<string, (place: Place | undefined) => void>()

  async function ask() {
    const batch = waiting
    waiting = new Map()
    const codes = [...batch.keys()]
    while (codes.length > 0) {
      const some = codes.splice(0, mostAtOnce)
      // Forgotten where it failed, so that the next page asks again.
      const found = await atlas.names(some).catch(() => {
        for (const code of some) known.delete(code)
        return []
      })
      const named = new Map(found.map(place => [place.code, place]))
      for (const code of some) batch.get(code)?.(named.get(code))
    }
  }

  return {
    place(code: string): Promise<Place | undefined> {
      let answer = known.get(code)
      if (!answer) {
        if (waiting.size === 0) setTimeout(ask, settle)
        answer = new Promise(resolve => waiting.set(code, resolve))
        known.set(code, answer)
      }
      return answer
    },
    below(parent: string): Promise<Place[]> {
      let answer = lists.get(parent)
      if (!answer) {
        answer = atlas.below(parent)
        answer.then(
          found => {
            for (const place of found) known.set(place.code, Promise.resolve(place))
          },
          () => lists.delete(parent),
        )
        lists.set(parent, answer)
      }
      return answer
    },
  }
}

export const places = lookup({
  names: codes => got(api.GET('/api/regions/names', { params: { query: { codes } } })),
  below: parent => got(api.GET('/api/regions', { params: { query: { parent } } })),
})
