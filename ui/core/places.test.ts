import { expect, test } from 'vitest'
import { above, lookup, prefixOf } from './places'

function atlas() {
  const asked: string[][] = []
  return {
    asked,
    async names(codes: string[]) {
      asked.push(codes)
      return codes.filter(code => code !== '000000000000').map(code => ({ code, name: `n${code}`, full: `f${code}`, leaf: true }))
    },
    async below(parent: string) {
      asked.push([parent])
      return [{ code: '500235101000', name: '某镇', full: '某县某镇', leaf: false }]
    },
  }
}

test('A code says how deep it lies', () => {
  const depths = ['500000000000', '500200000000', '500235000000', '500235101000', '500235101201'].map(code => prefixOf(code).length)
  expect(depths).toEqual([2, 4, 6, 9, 12])
  expect(above('500235101201', 9)).toBe('500235101000')
})

test('Codes asked for together go in one request, and once', async () => {
  const a = atlas()
  const { place } = lookup(a)
  const [one, two, again] = await Promise.all([place('1'), place('2'), place('1')])
  expect([one?.name, two?.name, again?.name]).toEqual(['n1', 'n2', 'n1'])
  await place('2')
  expect(a.asked).toEqual([['1', '2']])
})

test('A thousand codes go in batches, and an unknown one has no name', async () => {
  const a = atlas()
  const { place } = lookup(a)
  const codes = Array.from({ length: 450 }, (_, n) => String(n))
  await Promise.all(codes.map(place))
  expect(a.asked.map(batch => batch.length)).toEqual([200, 200, 50])
  expect(await place('000000000000')).toBeUndefined()
})

test('A failed request is asked again', async () => {
  const a = atlas()
  let fails = true
  const { place } = lookup({ ...a, names: codes => (fails ? Promise.reject(new Error('the line is down')) : a.names(codes)) })
  expect(await place('1')).toBeUndefined()
  fails = false
  expect((await place('1'))?.name).toBe('n1')
})

test('What lies below names its members too', async () => {
  const a = atlas()
  const { place, below } = lookup(a)
  await below('500235000000')
  await below('500235000000')
  expect((await place('500235101000'))?.name).toBe('某镇')
  expect(a.asked).toEqual([['500235000000']])
})
