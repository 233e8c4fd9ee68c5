import { keepPreviousData, useQuery } from '@tanstack/vue-query'
import { computed, type Ref } from 'vue'
import { api, got } from '@/core/api'

/** What is to be visited in a place up to a day; every look at it is journalled. */
export function useDue(region: Readonly<Ref<string>>, until: Readonly<Ref<string>>, enabled: Readonly<Ref<boolean>>) {
  return useQuery({
    queryKey: computed(() => ['visits-due', region.value, until.value]),
    queryFn: () => got(api.GET('/api/visits/due', { params: { query: { region: region.value || undefined, until: until.value || undefined } } })),
    enabled,
    placeholderData: keepPreviousData,
  })
}
