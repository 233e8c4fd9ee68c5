import { expect, test } from 'vitest'
import { grid, stepsFor } from './tiles'

const words = ['少', '较少', '较多', '多']

test('Four steps hold about as many places each', () => {
  const values = Array.from({ length: 40 }, (_, n) => n)
  expect(stepsFor(values, words).map(s => s.upTo)).toEqual([9, 19, 29, 39])
})

test('Limits rise, however many places have the same figure', () => {
  for (const values of [[0, 0, 0, 0], [0, 0, 0, 7], [3], [1, 1, 2, 2, 2, 9], []]) {
    const limits = stepsFor(values, words).map(s => s.upTo)
    expect(limits).toEqual([...new Set(limits)].sort((a, b) => a - b))
    expect(limits[limits.length - 1] ?? 0).toBe(Math.max(0, ...values))
  }
})

test('No two tiles share a place', () => {
  const all = Array.from({ length: 42 }, (_, n) => JSON.stringify(grid(n)))
  expect(new Set(all).size).toBe(42)
})
