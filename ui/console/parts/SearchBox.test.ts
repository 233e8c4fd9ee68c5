import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { nextTick } from 'vue'
import type { Hit } from '../shell'
import SearchBox from './SearchBox.vue'
import { mount } from './testing'

const hit = (title: string): Hit => ({ id: title, title, to: '/' })

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

async function open(search: (q: string, signal: AbortSignal) => Promise<Hit[]>) {
  const chosen: Hit[] = []
  const { root, leave } = await mount(SearchBox, { label: 'find', search, onChoose: (h: Hit) => chosen.push(h) })
  const box = root.querySelector('input')
  if (!box) throw new Error('no box')
  return {
    chosen,
    leave,
    box,
    titles: () => [...root.querySelectorAll('[role=option]')].map(o => o.textContent?.trim()),
    async type(text: string, isComposing = false) {
      box.value = text
      box.dispatchEvent(new InputEvent('input', { isComposing }))
      await vi.advanceTimersByTimeAsync(200)
    },
    async press(key: string, isComposing = false) {
      box.dispatchEvent(new KeyboardEvent('keydown', { key, isComposing }))
      await nextTick()
    },
  }
}

test('Typing rests before anything is asked, and letters being composed ask nothing', async () => {
  const search = vi.fn(async (q: string) => [hit(q)])
  const { box, type, titles, leave } = await open(search)
  box.value = '小'
  box.dispatchEvent(new InputEvent('input'))
  await vi.advanceTimersByTimeAsync(100)
  await type('小雨')
  expect(search.mock.calls.map(([q]) => q)).toEqual(['小雨'])
  await type('小雨xi', true)
  expect(search).toHaveBeenCalledTimes(1)
  box.value = '小雨溪'
  box.dispatchEvent(new CompositionEvent('compositionend'))
  await vi.advanceTimersByTimeAsync(200)
  expect(titles()).toEqual(['小雨溪'])
  leave()
})

test('A slow answer never replaces a later one', async () => {
  const answers = new Map<string, (hits: Hit[]) => void>()
  const signals: AbortSignal[] = []
  const { type, titles, leave } = await open((q, signal) => {
    signals.push(signal)
    return new Promise(resolve => answers.set(q, resolve))
  })
  await type('a')
  await type('ab')
  answers.get('ab')?.([hit('new')])
  await vi.advanceTimersByTimeAsync(0)
  answers.get('a')?.([hit('old')])
  await vi.advanceTimersByTimeAsync(0)
  expect(titles()).toEqual(['new'])
  expect(signals[0]?.aborted).toBe(true)
  leave()
})

test('Arrows go round and Enter chooses, but not while composing', async () => {
  const { type, press, chosen, box, leave } = await open(async () => [hit('one'), hit('two')])
  await type('x')
  await press('ArrowDown')
  await press('ArrowDown')
  await press('ArrowDown')
  await press('ArrowUp')
  expect(box.getAttribute('aria-activedescendant')).toMatch(/-1$/)
  await press('Enter', true)
  expect(chosen).toEqual([])
  await press('Enter')
  expect(chosen.map(h => h.title)).toEqual(['two'])
  leave()
})
