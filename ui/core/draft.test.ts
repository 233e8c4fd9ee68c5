import { expect, test } from 'vitest'
import { Drafts, type Sealed, type Shelf } from './draft'

const key = btoa('0123456789abcdef0123456789abcdef')
const otherKey = btoa('fedcba9876543210fedcba9876543210')

export function memoryShelf(): Shelf & { held: Map<string, Sealed> } {
  const held = new Map<string, Sealed>()
  return {
    held,
    get: async name => held.get(name),
    put: async (name, sealed) => void held.set(name, sealed),
    remove: async name => void held.delete(name),
    sweep: async before => {
      for (const [name, sealed] of held) if (sealed.at <= before) held.delete(name)
    },
  }
}

test('A draft comes back as it was', async () => {
  const shelf = memoryShelf()
  const draft = { values: { carer: '向桂英', tags: ['a'] }, base: 7, key: 'k', at: 1000 }
  await (await Drafts.open('a1', key, shelf, 2000)).write('child.new', draft)
  expect(await (await Drafts.open('a1', key, shelf, 2000)).read('child.new')).toEqual(draft)
})

test('What lies on the disk does not hold what was typed', async () => {
  const shelf = memoryShelf()
  await (await Drafts.open('a1', key, shelf, 0)).write('child.new', { values: 'find me here', at: 1 })
  const bytes = Buffer.from([...shelf.held.values()][0]?.text ?? new ArrayBuffer(0))
  expect(bytes.length).toBeGreaterThan(20)
  expect(bytes.includes('find me')).toBe(false)
  // The control: what was looked for would be found in clear text.
  expect(Buffer.from(JSON.stringify('find me here')).includes('find me')).toBe(true)
})

test('Two writings of the same never look the same', async () => {
  const shelf = memoryShelf()
  const drafts = await Drafts.open('a1', key, shelf, 0)
  await drafts.write('f', { values: 'same', at: 1 })
  const first = shelf.held.get('a1/f')
  await drafts.write('f', { values: 'same', at: 1 })
  expect(Buffer.from(shelf.held.get('a1/f')?.text ?? new ArrayBuffer(0))).not.toEqual(Buffer.from(first?.text ?? new ArrayBuffer(0)))
})

test('Another key, another account and another form cannot open it', async () => {
  const shelf = memoryShelf()
  await (await Drafts.open('a1', key, shelf, 0)).write('f', { values: 'x', at: 1 })
  const sealed = shelf.held.get('a1/f')
  if (!sealed) throw new Error('nothing was kept')

  shelf.held.set('a2/f', sealed)
  expect(await (await Drafts.open('a2', key, shelf, 0)).read('f')).toBeUndefined()
  shelf.held.set('a1/g', sealed)
  expect(await (await Drafts.open('a1', key, shelf, 0)).read('g')).toBeUndefined()
  expect(await (await Drafts.open('a1', key, shelf, 0)).read('f')).toMatchObject({ values: 'x' })

  expect(await (await Drafts.open('a1', otherKey, shelf, 0)).read('f')).toBeUndefined()
  expect(shelf.held.has('a1/f')).toBe(false) // no one can open it any more
})

test('A draft is kept for thirty days', async () => {
  const shelf = memoryShelf()
  const day = 24 * 3600 * 1000
  await (await Drafts.open('a1', key, shelf, 0)).write('f', { values: 'x', at: day })
  expect(await (await Drafts.open('a1', key, shelf, 30 * day)).read('f')).toBeDefined()
  expect(await (await Drafts.open('a1', key, shelf, 31 * day)).read('f')).toBeUndefined()
})
