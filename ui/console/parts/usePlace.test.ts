import { expect, test } from 'vitest'
import { nextTick } from 'vue'
import { mount } from './testing'
import { usePlace, type Place } from './usePlace'

/** A list at an address. */
async function stand(at: string) {
  let place: Place | undefined
  const { router, leave } = await mount({ setup: () => ((place = usePlace(['level', 'state'])), () => null) }, {}, at)
  if (!place) throw new Error('setup did not run')
  const settled = async (act: () => void) => {
    act()
    await new Promise(resolve => setTimeout(resolve))
    await nextTick()
  }
  return { place, router, leave, settled }
}

test('The address tells the filters and the page, and nothing else', async () => {
  const { place, leave } = await stand('/list?level=2&other=x&after=c1%20c2')
  expect(place.ask.value).toEqual({ search: '', filters: { level: '2' }, after: 'c2', limit: 50 })
  expect(place.page.value).toBe(3)
  leave()
})

test('Next and previous walk the cursors back the way they came', async () => {
  const { place, settled, leave } = await stand('/list?level=2')
  await settled(() => place.next('c1'))
  await settled(() => place.next('c 2%'))
  expect(place.ask.value).toMatchObject({ after: 'c 2%', filters: { level: '2' } })
  await settled(place.previous)
  expect(place.ask.value.after).toBe('c1')
  await settled(place.previous)
  expect(place.ask.value.after).toBeUndefined()
  expect(place.knowsPrevious.value).toBe(false)
  leave()
})

test('Another filter starts from the first page', async () => {
  const { place, settled, leave } = await stand('/list?after=c1')
  await settled(() => place.filter('state', 'late'))
  expect(place.ask.value).toMatchObject({ after: undefined, filters: { state: 'late' } })
  await settled(place.clear)
  expect(place.narrowed.value).toBe(false)
  leave()
})

test('What is searched for is kept, but never stands in the address', async () => {
  const { place, router, settled, leave } = await stand('/list')
  await settled(() => place.search('小雨'))
  expect(place.ask.value.search).toBe('小雨')
  expect(place.narrowed.value).toBe(true)
  const address = router.currentRoute.value.fullPath
  expect(decodeURIComponent(address)).not.toContain('小雨')
  await settled(() => place.next('c1'))
  await settled(() => void router.push(address))
  expect(place.ask.value).toMatchObject({ search: '小雨', after: undefined })
  leave()
})

test('A search this tab does not know starts over: its cursors would be of another list', async () => {
  const { place, leave } = await stand('/list?find=999&after=c1')
  expect(place.ask.value).toMatchObject({ search: '', after: undefined })
  expect(place.page.value).toBe(1)
  leave()
})

test('A mangled address opens the first page', async () => {
  const { place, leave } = await stand('/list?after=%25E0%25A4')
  expect(place.ask.value.after).toBeUndefined()
  leave()
})
