// What a report is written with, asked once and kept.
import { useQuery } from '@tanstack/vue-query'
import { api, got } from '@/core/api'

export function useReportForm() {
  const { data } = useQuery({ queryKey: ['report-form'], queryFn: () => got(api.GET('/api/reports/form')), staleTime: Infinity, gcTime: Infinity })
  return {
    form: data,
    channel: (code: string) => data.value?.channels.find(c => c.code === code)?.name ?? code,
    nine: (code: string) => data.value?.statutory.find(c => c.code === code)?.name ?? code,
  }
}
