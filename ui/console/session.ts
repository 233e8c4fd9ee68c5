// Who is at this desk. One tab holds one account: another tab that signs in as
// someone else makes this one start over, since they share the cookie and a
// page must never act as a person it does not name.

import { computed, shallowRef } from 'vue'
import { api, done, got } from '@/core/api'
import { Drafts } from '@/core/draft'
import { prefixOf } from '@/core/places'
import { Problem } from '@/core/problem'
import type { DemoAccount, Session } from '@/core/session'

const current = shallowRef<Session>()
const drafts = shallowRef<Promise<Drafts | undefined>>(Promise.resolve(undefined))
const tabs = typeof BroadcastChannel === 'undefined' ? undefined : new BroadcastChannel('session')

tabs?.addEventListener('message', (event: MessageEvent<string>) => {
  if (current.value && event.data !== current.value.account.id) location.reload()
})

/** session is the person at this desk, or undefined. */
export const session = computed(() => current.value)

/** may says whether the person's posts include an action; the server decides again on each record. */
export function may(action: string): boolean {
  return current.value?.can.includes(action) ?? false
}

/** hasRole says whether the person holds a post of one of some roles: for what to show first, never for what is allowed. */
export function hasRole(...roles: readonly string[]): boolean {
  return current.value?.posts.some(post => roles.includes(post.role)) ?? false
}

/** ownRegion is the widest place any post of the person reaches; '' without a post. */
export const ownRegion = computed(() => {
  const regions = current.value?.posts.map(post => post.region) ?? []
  return regions.sort((a, b) => prefixOf(a).length - prefixOf(b).length)[0] ?? ''
})

/** myDrafts opens the drafts of the person at this desk; undefined where this browser cannot keep any. */
export function myDrafts(): Promise<Drafts | undefined> {
  return drafts.value
}

function enter(found: Session): void {
  current.value = found
  drafts.value = Drafts.open(found.account.id, found.draft_key).catch(() => undefined)
}

/** load asks the server who is signed in. It throws when the server cannot be reached. */
export async function load(): Promise<Session | undefined> {
  try {
    enter(await got(api.GET('/api/session')))
  } catch (thrown) {
    if (!(thrown instanceof Problem) || thrown.status !== 401) throw thrown
    current.value = undefined
  }
  return current.value
}

export async function signIn(username: string, password: string): Promise<void> {
  await done(api.POST('/api/session', { body: { username, password } }))
  enter(await got(api.GET('/api/session')))
  tabs?.postMessage(current.value?.account.id ?? '')
}

/**
 * signOut leaves nothing of the person's data in this tab's memory: it starts
 * over. Where the server did not hear of it, the page that opens says who is
 * still signed in.
 */
export async function signOut(): Promise<void> {
  await done(api.DELETE('/api/session')).catch(() => {})
  tabs?.postMessage('')
  location.assign('/sign-in')
}

/** The demonstration county's accounts; none on a real installation. */
export async function demoAccounts(): Promise<DemoAccount[]> {
  try {
    return await got(api.GET('/api/session/demo'))
  } catch {
    return []
  }
}

/** again holds the question a request is waiting on: shall the person sign in again? */
export const again = shallowRef<(signedIn: boolean) => void>()
let asking: Promise<boolean> | undefined

/** signInAgain asks once however many requests need it, and leaves the page as it is. */
export function signInAgain(): Promise<boolean> {
  if (!current.value) return Promise.resolve(false)
  asking ??= new Promise<boolean>(resolve => {
    again.value = resolve
  }).finally(() => {
    asking = undefined
    again.value = undefined
  })
  return asking
}
