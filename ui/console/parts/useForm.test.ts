import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { effectScope, type EffectScope } from 'vue'
import type { Draft, Drafts } from '@/core/draft'
import { Problem } from '@/core/problem'
import { useForm, type Form, type FormPlan } from './useForm'

/** What the disk holds, across forms: each test's browser. */
const disk = new Map<string, string>()
let broken = false

vi.mock('../session', () => ({
  myDrafts: async (): Promise<Pick<Drafts, 'read' | 'write' | 'remove'> | undefined> =>
    broken
      ? undefined
      : {
          read: async name => {
            const kept = disk.get(name)
            const draft: Draft | undefined = kept === undefined ? undefined : JSON.parse(kept)
            return draft
          },
          write: async (name, draft) => void disk.set(name, JSON.stringify(draft)),
          remove: async name => void disk.delete(name),
        },
}))

interface Values {
  name: string
  tags: string[]
}
const start: Values = { name: '', tags: [] }
const opened: EffectScope[] = []

async function open(plan: Partial<FormPlan<Values, string>> = {}): Promise<Form<Values>> {
  const scope = effectScope()
  opened.push(scope)
  const form = scope.run(() => useForm<Values, string>({ draft: 'f', start, send: async () => 'ok', sent: () => {}, ...plan }))
  if (!form) throw new Error('the scope did not run')
  await form.opened
  return form
}
/** The browser dies: nothing more is written. */
const crash = () => vi.clearAllTimers()

beforeEach(() => {
  vi.useFakeTimers()
  disk.clear()
  broken = false
})
afterEach(() => {
  for (const scope of opened.splice(0)) scope.stop()
  vi.useRealTimers()
})

describe('A draft', () => {
  test('is on the disk soon after typing, and comes back after a crash', async () => {
    const form = await open()
    form.values.name = '覃某'
    form.values.tags.push('a')
    expect(form.draft.value).toBe('saving')
    await vi.advanceTimersByTimeAsync(500)
    expect(form.draft.value).toBe('kept')
    crash()

    const again = await open()
    expect(again.values).toEqual({ name: '覃某', tags: ['a'] })
    expect(again.restored.value?.stale).toBe(false)
    expect(again.dirty.value).toBe(true)
  })

  test('says when the record has moved since', async () => {
    const form = await open({ base: 1 })
    form.values.name = 'x'
    await form.flush()
    expect((await open({ base: 1 })).restored.value?.stale).toBe(false)
    expect((await open({ base: 2 })).restored.value?.stale).toBe(true)
  })

  test('does not overwrite whoever typed faster than the disk answered', async () => {
    const first = await open()
    first.values.name = 'old'
    await first.flush()
    const scope = effectScope()
    opened.push(scope)
    const form = scope.run(() => useForm<Values, string>({ draft: 'f', start, send: async () => 'ok', sent: () => {} }))
    if (!form) throw new Error('the scope did not run')
    form.values.name = 'new'
    await form.opened
    expect(form.values.name).toBe('new')
  })

  test('is gone when discarded, and when everything typed is taken back', async () => {
    const form = await open()
    form.values.name = 'x'
    await form.flush()
    expect(disk.size).toBe(1)
    await form.discard()
    expect(form.values.name).toBe('')
    expect(disk.size).toBe(0)

    form.values.name = 'y'
    form.values.name = ''
    await form.flush()
    expect(disk.size).toBe(0)
  })

  test('that cannot be kept is said, and the form still works', async () => {
    broken = true
    const sent = vi.fn()
    const form = await open({ sent })
    expect(form.draft.value).toBe('unavailable')
    form.values.name = 'x'
    await form.submit()
    expect(form.draft.value).toBe('unavailable')
    expect(sent).toHaveBeenCalledWith('ok')
  })
})

describe('Sending', () => {
  test('removes the draft only after the acknowledgement', async () => {
    let onDisk = ''
    const form = await open({
      send: async () => {
        onDisk = disk.get('f') ?? ''
        return 'ok'
      },
    })
    form.values.name = 'x'
    await form.submit()
    expect(onDisk).toContain('"x"')
    expect(disk.size).toBe(0)
    expect(form.dirty.value).toBe(false)
  })

  test('the same contents are the same action, even after a crash; other contents are another', async () => {
    const keys: string[] = []
    const send = async (_: Values, key: string): Promise<string> => {
      keys.push(key)
      throw new Problem(0, 'network', 'no answer')
    }
    const form = await open({ send })
    form.values.name = 'x'
    await form.submit()
    await form.submit()
    crash()
    const again = await open({ send })
    await again.submit()
    again.values.name = 'y'
    await again.submit()
    expect(keys[1]).toBe(keys[0])
    expect(keys[2]).toBe(keys[0])
    expect(keys[3]).not.toBe(keys[0])
  })

  test('a refusal is laid at the fields and loses nothing', async () => {
    const form = await open({
      send: async () => {
        throw new Problem(422, 'request.invalid', 'look', '', { name: 'too short' })
      },
    })
    form.values.name = 'x'
    await form.submit()
    expect(form.errors.value).toEqual({ name: 'too short' })
    expect(form.problem.value?.status).toBe(422)
    expect(form.failures.value).toBe(1)
    expect(disk.get('f')).toContain('"x"')
  })

  test('what the page can see itself is not sent, and clears as it is put right', async () => {
    const send = vi.fn(async () => 'ok')
    const check = (v: Values): Record<string, string> => (v.name ? {} : { name: 'needed' })
    const form = await open({ send, check })
    expect(form.errors.value).toEqual({})
    await form.submit()
    expect(form.errors.value).toEqual({ name: 'needed' })
    expect(send).not.toHaveBeenCalled()
    form.values.name = 'x'
    expect(form.errors.value).toEqual({})
  })

  test('twice at once is once', async () => {
    const send = vi.fn(async () => 'ok')
    const form = await open({ send })
    form.values.name = 'x'
    await Promise.all([form.submit(), form.submit()])
    expect(send).toHaveBeenCalledTimes(1)
  })
})
