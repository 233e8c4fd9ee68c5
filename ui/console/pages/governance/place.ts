import { computed } from 'vue'
import { useRoute, useRouter } from 'vue-router'
import { ownRegion } from '../../session'

/** The place a page is about: in the address, the reader's own where it says none. */
export function usePlaceAsked() {
  const route = useRoute()
  const router = useRouter()
  return computed({
    get: () => (typeof route.query['region'] === 'string' && route.query['region'] ? route.query['region'] : ownRegion.value),
    set: region => {
      const { region: _, ...rest } = route.query
      void router.push({ query: region && region !== ownRegion.value ? { ...rest, region } : rest })
    },
  })
}
