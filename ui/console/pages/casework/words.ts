import { useQuery } from '@tanstack/vue-query'
import { api, got, type Schema } from '@/core/api'
import { sayTime } from '@/core/dates'
import { listed, speak } from '@/core/words'
import { casework } from '@/core/words/casework'

export const t = speak(casework)

export type Kind = Schema<'PolicyKind'>
export type Ask = Schema<'PolicyAsk'>
export type Scale = Schema<'PolicyScale'>

/** The four mechanisms of the chain, in the order help flows. */
export const mechanisms = [
  { id: 'emergency', name: t('case.emergency') },
  { id: 'assessment', name: t('case.assessment') },
  { id: 'assistance', name: t('case.assistance') },
  { id: 'guardianship', name: t('case.guardianship') },
] as const

export const papers: Record<string, string> = {
  return_order: t('paper.return_order'),
  handover: t('paper.handover'),
  warning_letter: t('paper.warning_letter'),
  notice_township: t('paper.notice_township'),
  admonition: t('paper.admonition'),
  conference_minutes: t('paper.conference_minutes'),
  assessment_report: t('paper.assessment_report'),
  assistance_plan: t('paper.assistance_plan'),
  petition_draft: t('paper.petition_draft'),
}

/** choicesOf splits what a choice is of: 'code words'. */
export function choicesOf(ask: Ask): { value: string; label: string }[] {
  return (ask.of ?? []).map(o => {
    const at = o.indexOf(' ')
    return at < 0 ? { value: o, label: o } : { value: o.slice(0, at), label: o.slice(at + 1) }
  })
}

/** useKinds are the kinds of record and the scales, asked for once. */
export function useKinds() {
  const query = useQuery({ queryKey: ['casework-words'], queryFn: () => got(api.GET('/api/casework')), staleTime: Infinity, gcTime: Infinity })
  const kind = (id: string) => query.data.value?.kinds.find(k => k.id === id)
  const scale = (id: string, version?: number) =>
    query.data.value?.scales.filter(s => s.id === id && (version === undefined || s.version === version)).sort((a, b) => b.version - a.version)[0]
  return { query, kind, scale }
}

interface Scored {
  scale: string
  version: number
  result: { points: number; most: number; level: string; red: string[] }
}

/** sayValue is what a field says, in words; '' where it is drawn otherwise. */
export function sayValue(ask: Ask, value: unknown, words: ReturnType<typeof useKinds>): string {
  if (value === undefined || value === null || value === '') return ''
  const choice = (code: unknown) => choicesOf(ask).find(c => c.value === code)?.label ?? String(code)
  switch (ask.type) {
    case 'choice':
      return choice(value)
    case 'choices':
      return Array.isArray(value) ? listed(value.map(choice)) : ''
    case 'moment':
      return sayTime(String(value))
    case 'flag':
      return value === true ? t('case.yes') : ''
    case 'kind':
      return words.kind(String(value))?.name ?? ''
    case 'scale': {
      const scored = value as Scored
      const scale = words.scale(scored.scale, scored.version)
      const level = scale?.levels?.find(l => l.id === scored.result.level)?.name ?? t('case.scale_no_level')
      return t('case.scale_result', { name: scale?.name ?? '', version: scored.version, points: scored.result.points, most: scored.result.most, level })
    }
    case 'unit':
    case 'link':
    case 'file':
      return ''
    default:
      return String(value)
  }
}
