import { expect, test } from 'vitest'
import { fits, sayAccept, saySize } from './upload'

test.each([
  ['roster.XLSX', '', '.xlsx,.csv', true],
  ['roster.xls', '', '.xlsx,.csv', false],
  ['a.png', 'image/png', 'image/*', true],
  ['a.svg', 'text/plain', 'image/*', false],
  ['a.pdf', 'application/pdf', 'image/*, application/pdf', true],
])('%s of type %s against %s', (name, type, accept, good) => {
  expect(fits({ name, type }, accept)).toBe(good)
})

test('Sizes and kinds are said as people do', () => {
  expect([saySize(10), saySize(300 * 1024), saySize(5 * 1024 * 1024), saySize(1.5 * 1024 * 1024)]).toEqual(['1 KB', '300 KB', '5 MB', '1.5 MB'])
  expect(sayAccept('.xlsx,.csv,image/*')).toBe('xlsx / csv / image')
})
