// The one way to the server. Paths, bodies and answers are typed from
// openapi.yaml (`npm run generate`); how a request survives a bad line is in
// send.ts. A call that is refused throws a Problem:
//
//	const child = await got(api.GET('/api/children/{id}', { params: { path: { id } } }))
//	await got(api.POST('/api/children', { body, headers: keyed(key) }))
import createClient from 'openapi-fetch'
import type { components, paths } from './api.gen'
import { keyHeader, sender, type Hooks } from './send'

const hooks: Hooks = {
  signInAgain: () => Promise.resolve(false),
  waiting: () => {},
}

/** lend gives the client what only the shell can do. */
export function lend(mine: Partial<Hooks>): void {
  Object.assign(hooks, mine)
}

/** A shape of the contract by its name: `Schema<'DutyRow'>`. */
export type Schema<Name extends keyof components['schemas']> = components['schemas'][Name]

/** send is for the few calls that carry no JSON (photographs); a refusal throws a Problem all the same. */
export const send = sender({
  signInAgain: () => hooks.signInAgain(),
  waiting: down => hooks.waiting(down),
})

export const api = createClient<paths>({
  baseUrl: typeof location === 'undefined' ? '' : location.origin,
  credentials: 'same-origin',
  headers: { Accept: 'application/json' },
  fetch: send,
  // The contract writes a list as one value with commas.
  querySerializer: { array: { style: 'form', explode: false } },
})

/** got takes the answer out of its envelope. A refusal has already been thrown. */
export async function got<T>(call: Promise<{ data?: T }>): Promise<T> {
  const { data } = await call
  if (data === undefined) throw new Error('the answer had no body where one was promised')
  return data
}

/** done waits for a call that answers nothing. */
export async function done(call: Promise<unknown>): Promise<void> {
  await call
}

/** keyed names the action a write belongs to, for an action that may outlive one call (a form's draft). */
export function keyed(key: string): Record<string, string> {
  return { [keyHeader]: key }
}
