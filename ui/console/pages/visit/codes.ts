// The codes a visit is kept in, in the words the server keeps for them: asked
// once, and kept.

import { useQuery } from '@tanstack/vue-query'
import { computed } from 'vue'
import { api, got } from '@/core/api'

export function useVisitWords() {
  const { data } = useQuery({
    queryKey: ['visit-words'],
    queryFn: () => got(api.GET('/api/visits/words')),
    staleTime: Infinity,
    gcTime: Infinity,
  })
  const name = (words: readonly { code: string; name: string }[] | undefined, code: string) => words?.find(w => w.code === code)?.name ?? code
  const need = (code: string) => data.value?.needs.find(n => n.code === code)
  return {
    absences: computed(() => data.value?.absences ?? []),
    findings: computed(() => data.value?.findings ?? []),
    needs: computed(() => data.value?.needs ?? []),
    sayAbsence: (code: string) => name(data.value?.absences, code),
    sayWay: (code: string) => name(data.value?.ways, code),
    sayFinding: (code: string) => name(data.value?.findings, code),
    sayNeed: (code: string) => need(code)?.name ?? code,
    sayState: (code: string, state: string) => name(need(code)?.states, state),
  }
}
