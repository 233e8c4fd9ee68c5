// The register's codes and the names of roles, in the words the server keeps
// for them: asked once, and kept.

import { useQuery } from '@tanstack/vue-query'
import { computed } from 'vue'
import { api, got } from '@/core/api'
import { listed } from '@/core/words'

export interface Choice {
  value: string
  label: string
}

interface Word {
  code: string
  name: string
}

export function choicesOf(words: readonly Word[] | null | undefined): Choice[] {
  return (words ?? []).map(({ code, name }) => ({ value: code, label: name }))
}

const forever = { staleTime: Infinity, gcTime: Infinity }

export function useVocabulary() {
  const { data } = useQuery({ queryKey: ['vocabulary'], queryFn: () => got(api.GET('/api/vocabulary')), ...forever })
  const name = (words: readonly Word[] | undefined, code: string) => words?.find(w => w.code === code)?.name ?? code
  return {
    vocabulary: data,
    /** A fact's value in words; some kinds hold several codes. */
    say: (kind: string, value: string) =>
      listed(value.split(' ').map(code => name(data.value?.values[kind], code))),
    choices: (kind: string) => choicesOf(data.value?.values[kind]),
    kinship: (code: string) => (code ? name(data.value?.kinships, code) : ''),
    leaving: (code: string) => name(data.value?.leaving, code),
    situation: (id: string) => data.value?.situations.find(s => s.id === id),
    level: (n: number) => data.value?.levels.find(l => l.level === n)?.name ?? '',
    missing: (code: string) => data.value?.missing[code] ?? code,
    definition: (id: string) => data.value?.definitions.find(d => d.id === id),
    definitions: computed(() => data.value?.definitions ?? []),
  }
}

export function useRoles() {
  const { data } = useQuery({ queryKey: ['roles'], queryFn: () => got(api.GET('/api/roles')), ...forever })
  return {
    roleName: (role: string) => data.value?.roles.find(r => r.role === role)?.name ?? '',
  }
}
