// A form that loses nothing. What is typed is sealed on this computer within
// half a second and stays there until the server has acknowledged it; the same
// contents sent again, even after the browser crashed, are the same action
// (one Idempotency-Key), so nothing is entered twice either.

import { computed, onScopeDispose, reactive, ref, shallowRef, watch, type ComputedRef, type Ref } from 'vue'
import type { Draft } from '@/core/draft'
import { asProblem, type Problem } from '@/core/problem'
import { newKey } from '@/core/send'
import { myDrafts } from '../session'

export interface FormPlan<V extends object, R> {
  /** Names the draft: 'child.new', `child.edit/${id}`. Never a person's name: it lies on the disk in clear. */
  draft?: string // absent: nothing is kept on the device (passwords)
  /** What the form starts with: empty values, or the record as loaded. Plain data. */
  start: V
  /** The record's version the values came from; a draft based on another says so. */
  base?: string | number
  /** What can be said before sending: path to sentence. The server checks all of it again. */
  check?(values: V): Record<string, string>
  /** Sends it; pass the key on with `headers: keyed(key)`. */
  send(values: V, key: string): Promise<R>
  /** After the server's acknowledgement, and only then. */
  sent(result: R): unknown
}

export interface Form<V extends object> {
  /** Bind controls to these. */
  values: V
  /** Path to sentence: what is wrong, from the page and from the server. */
  errors: ComputedRef<Record<string, string>>
  /** Why the last sending failed. */
  problem: Ref<Problem | undefined>
  /** Counts failed attempts, so that the summary takes focus each time. */
  failures: Ref<number>
  busy: Ref<boolean>
  /** Something differs from the start and is not acknowledged. */
  dirty: ComputedRef<boolean>
  draft: Ref<'none' | 'saving' | 'kept' | 'unavailable'>
  /** A draft found at opening. */
  restored: Ref<{ at: number; stale: boolean } | undefined>
  submit(): Promise<void>
  /** Goes back to the start and removes the draft. */
  discard(): Promise<void>
  /** Writes now what waits to be written. */
  flush(): Promise<void>
  /** Resolves when the disk has been looked at for a draft. */
  opened: Promise<void>
}

const settle = 400

export function useForm<V extends object, R>(plan: FormPlan<V, R>): Form<V> {
  const start = JSON.stringify(plan.start)
  // Plain data holds no refs, so what reactive() would unwrap is nothing.
  const values = reactive<object>(JSON.parse(start)) as V
  const tried = ref(false)
  const acknowledged = ref(false)
  const refused = shallowRef<Record<string, string>>({})
  const problem = shallowRef<Problem>()
  const failures = ref(0)
  const busy = ref(false)
  const draft: Form<V>['draft'] = ref('none')
  const restored: Form<V>['restored'] = shallowRef()
  const body = computed(() => JSON.stringify(values))
  const dirty = computed(() => !acknowledged.value && body.value !== start)
  const found = computed(() => (tried.value ? check() : {}))
  const errors = computed(() => ({ ...refused.value, ...found.value }))

  // The action the present contents belong to. Other contents are another action.
  let action: { key: string; body: string } | undefined
  let timer: ReturnType<typeof setTimeout> | undefined
  let writing = Promise.resolve()
  let quiet = false // a change that is not typing

  function plain(): V {
    const copy: V = JSON.parse(body.value)
    return copy
  }

  function check(): Record<string, string> {
    return plan.check?.(plain()) ?? {}
  }

  function assign(from: unknown) {
    quiet = true
    Object.assign(values, from)
    quiet = false
  }

  async function restore() {
    if (!plan.draft) return
    const drafts = await myDrafts()
    if (!drafts) {
      draft.value = 'unavailable'
      return
    }
    const kept = await drafts.read(plan.draft)
    if (!kept || dirty.value) return // whoever was quicker than the disk keeps what they typed
    assign(kept.values)
    if (kept.key) action = { key: kept.key, body: body.value }
    restored.value = { at: kept.at, stale: plan.base !== undefined && kept.base !== plan.base }
    draft.value = 'kept'
  }

  /** Writes are queued one behind the other, so that the last typed is the last kept. */
  function write(): Promise<void> {
    clearTimeout(timer)
    timer = undefined
    const name = plan.draft
    if (!name) return writing
    const contents: Draft = { values: plain(), at: Date.now() }
    if (plan.base !== undefined) contents.base = plan.base
    if (action?.body === body.value) contents.key = action.key
    const empty = !dirty.value
    writing = writing.then(async () => {
      try {
        const drafts = await myDrafts()
        if (!drafts) throw new Error('this browser keeps no drafts')
        if (empty) await drafts.remove(name)
        else await drafts.write(name, contents)
        if (!timer) draft.value = empty ? 'none' : 'kept'
      } catch {
        draft.value = 'unavailable'
      }
    })
    return writing
  }

  function flush(): Promise<void> {
    return timer ? write() : writing
  }

  async function discard() {
    assign(JSON.parse(start))
    tried.value = false
    refused.value = {}
    problem.value = undefined
    restored.value = undefined
    action = undefined
    await write()
  }

  async function submit() {
    if (busy.value) return
    tried.value = true
    refused.value = {}
    problem.value = undefined
    if (Object.keys(check()).length > 0) {
      failures.value++
      return
    }
    busy.value = true
    if (action?.body !== body.value) action = { key: newKey(), body: body.value }
    try {
      await write() // the key lies on the disk before the request is on the line
      const result = await plan.send(plain(), action.key)
      acknowledged.value = true
      await write()
      restored.value = undefined
      await plan.sent(result)
    } catch (thrown) {
      problem.value = asProblem(thrown)
      refused.value = { ...problem.value.fields }
      failures.value++
    } finally {
      busy.value = false
    }
  }

  watch(
    body,
    () => {
      if (quiet) return
      acknowledged.value = false
      if (plan.draft && draft.value !== 'unavailable') draft.value = 'saving'
      clearTimeout(timer)
      timer = setTimeout(write, settle)
    },
    { flush: 'sync' },
  )

  const leaving = () => void flush()
  document.addEventListener('visibilitychange', leaving)
  addEventListener('pagehide', leaving)
  onScopeDispose(() => {
    document.removeEventListener('visibilitychange', leaving)
    removeEventListener('pagehide', leaving)
    leaving()
  })

  return { values, errors, problem, failures, busy, dirty, draft, restored, submit, discard, flush, opened: restore() }
}
