import fs from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { speak, t } from './core/words'

const here = import.meta.dirname
// The gallery is full of invented people and is never shipped.
const folders = ['core', 'console', 'field'].filter(f => fs.existsSync(path.join(here, f)))
const han = /[\u3000-\u303f\u3400-\u9fff\uff01-\uff5e]/

function sources(folder: string): string[] {
  return fs.readdirSync(folder, { withFileTypes: true }).flatMap(entry => {
    const full = path.join(folder, entry.name)
    if (entry.isDirectory()) return sources(full)
    return /\.(vue|ts)$/.test(entry.name) ? [full] : []
  })
}

/** Comments may quote Chinese; only what can reach the screen counts. */
export function spoken(source: string): string[] {
  return source
    .replace(/\/\*[\s\S]*?\*\/|<!--[\s\S]*?-->/g, comment => comment.replace(/[^\n]/g, ''))
    .split('\n')
    .map((line, n) => `${n + 1}: ${line.replace(/(^|\s)\/\/.*$/, '').trim()}`)
    .filter(line => han.test(line))
}

test('Chinese stands in the catalogue and nowhere else', () => {
  const strays = folders
    .flatMap(folder => sources(path.join(here, folder)))
    .map(file => path.relative(here, file))
    .filter(file => !/^core\/words(\.ts$|\/)|\.test\.ts$|\.gen\.ts$/.test(file))
    .flatMap(file => spoken(fs.readFileSync(path.join(here, file), 'utf8')).map(line => `${file}:${line}`))
  expect(strays).toEqual([])
})

test('No sentence is kept that nothing says', () => {
  const files = folders.flatMap(folder => sources(path.join(here, folder)))
  const said = files.filter(f => !/[\\/]words[\\/]/.test(f)).map(f => fs.readFileSync(f, 'utf8')).join('\n')
  const keys = files
    .filter(f => /[\\/]words[\\/]/.test(f))
    .flatMap(f => [...fs.readFileSync(f, 'utf8').matchAll(/^ {2}'([\w.]+)':/gm)].map(m => m[1] ?? ''))
  expect(keys.length).toBeGreaterThan(50)
  expect(keys.filter(key => !said.includes(`'${key}'`))).toEqual([])
})

test('The search for strays sees sentences and overlooks comments', () => {
  expect(spoken("const a = '走访' // 说明\n// 只是说明\n/* 也是\n说明 */\nb")).toEqual(["1: const a = '走访'"])
})

test('A sentence is said with its values', () => {
  expect(t('list.total', { n: 3 })).toBe('共 3 条')
  const own = speak({ 'page.greeting': '{who}，请核对' } as const)
  expect(own('page.greeting', { who: '田某' })).toBe('田某，请核对')
  expect(own('common.cancel')).toBe('取消')
})

test('Every key is named for its place', () => {
  // @ts-expect-error a misspelt key does not compile, and is seen at once when it runs
  expect(t('list.totl')).toBe('list.totl')
  // @ts-expect-error a sentence with values does not compile without them
  expect(t('list.total')).toBe('共 {n} 条')
})
