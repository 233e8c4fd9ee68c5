// The names of places on screens: said at once when known, and filled in when
// they arrive.

import { shallowReactive } from 'vue'
import { above, places, prefixOf, type Place } from '@/core/places'
import { ownRegion } from './session'

const known = shallowReactive(new Map<string, Place>())
const asked = new Set<string>()

function find(code: string): Place | undefined {
  const found = known.get(code)
  if (!found && code && !asked.has(code)) {
    asked.add(code)
    void places.place(code).then(place => {
      if (place) known.set(code, place)
      else asked.delete(code)
    })
  }
  return found
}

/** placeName is a division's own name: 石门村; of a village, without the 村民委员会 that governs it. */
export function placeName(code: string): string {
  const place = find(code)
  if (!place || prefixOf(code).length < 12) return place?.name ?? ''
  const town = find(above(code, 9))?.full ?? ''
  return town && place.full.startsWith(town) ? place.full.slice(town.length) : place.name
}

/** placeFull is the whole name, without the county where it is the reader's own. */
export function placeFull(code: string): string {
  const full = find(code)?.full ?? ''
  if (!code || prefixOf(code).length <= 6 || above(code, 6) !== above(ownRegion.value, 6)) return full
  const county = find(above(code, 6))?.full ?? ''
  return full.startsWith(county) ? full.slice(county.length) : full
}
