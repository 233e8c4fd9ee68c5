// Every sentence a user reads is here or in words/<mechanism>.ts, never in a
// component (words.test.ts looks for strays). A page that has words of its own
// says `const t = speak(registryWords)`: its words then load with its route,
// and a misspelt key or a missing {value} does not compile.

import { parts } from './words/parts'
import { shell } from './words/shell'

type Catalogue = Record<string, string>

/** The names between braces in a sentence. */
type Names<S extends string> = S extends `${string}{${infer Name}}${infer Rest}` ? Name | Names<Rest> : never

type Values<S extends string> = [Names<S>] extends [never] ? [] : [values: Record<Names<S>, string | number>]

/** Says a sentence of the catalogue, with its values filled in. */
export type Say<C extends Catalogue> = <K extends keyof C & string>(key: K, ...values: Values<C[K]>) => string

const shared = { ...shell, ...parts } as const

export type Shared = typeof shared

/** speak gives a page its voice: the shared words, and its own beside them. */
export function speak<C extends Catalogue>(own: C): Say<C & Shared> {
  const all: Catalogue = { ...shared, ...own }
  return (key, ...values) => fill(all[key] ?? key, values[0] ?? {})
}

function fill(sentence: string, values: Record<string, string | number>): string {
  return sentence.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole))
}

/** t says the words that every page shares. */
export const t = speak({})

/** Several things one after another, as Chinese lists them. */
export function listed(things: readonly string[]): string {
  return things.join(t('common.between'))
}
