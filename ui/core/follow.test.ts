import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { follow, type Progress } from './follow'

const running = (done: number): Progress => ({ state: 'running', done, total: 10 })
const ended: Progress = { state: 'done', done: 10, total: 10 }

class Stream {
  static last: Stream | undefined
  onmessage?: (event: { data: string }) => void
  onerror?: () => void
  closed = false
  constructor(readonly url: string) {
    Stream.last = this
  }
  close() {
    this.closed = true
  }
  say(progress: Progress) {
    this.onmessage?.({ data: JSON.stringify(progress) })
  }
}

beforeEach(() => {
  vi.useFakeTimers()
  vi.stubGlobal('EventSource', Stream)
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

test('The stream is followed to its end and closed', () => {
  const seen: Progress[] = []
  const poll = vi.fn(() => Promise.resolve(ended))
  follow({ url: '/s', poll, on: p => seen.push(p) })
  Stream.last?.say(running(3))
  Stream.last?.say(ended)
  expect(seen).toEqual([running(3), ended])
  expect(Stream.last?.closed).toBe(true)
  expect(poll).not.toHaveBeenCalled()
})

test('A broken stream is replaced by asking, through failures, until the end', async () => {
  const seen: Progress[] = []
  const answers = [() => Promise.resolve(running(4)), () => Promise.reject(new Error('down')), () => Promise.resolve(ended)]
  const poll = vi.fn(() => answers.shift()?.() ?? Promise.reject(new Error('asked after the end')))
  const polling = vi.fn()
  follow({ url: '/s', poll, on: p => seen.push(p), polling, every: 1000 })
  Stream.last?.onerror?.()
  await vi.advanceTimersByTimeAsync(10_000)
  expect(seen).toEqual([running(4), ended])
  expect(poll).toHaveBeenCalledTimes(3)
  expect(polling).toHaveBeenCalledWith(true)
})

test('Whoever leaves hears no more', async () => {
  const on = vi.fn()
  const stop = follow({ url: '/s', poll: () => Promise.resolve(running(1)), on, every: 1000 })
  stop()
  Stream.last?.say(running(1))
  Stream.last?.onerror?.()
  await vi.advanceTimersByTimeAsync(5000)
  expect(on).not.toHaveBeenCalled()
  expect(Stream.last?.closed).toBe(true)
})
