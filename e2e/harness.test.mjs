// The harness tested on a stub of the server: it must fail when it should,
// and leave nothing running. `node --test e2e/harness.test.mjs`, with the
// console built (ui/dist).

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import fs from 'node:fs'
import { after, beforeEach, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { run } from './harness.mjs'

const stub = fileURLToPath(new URL('testdata/stub_server.mjs', import.meta.url))
const said = []
const say = console.log
console.log = (...words) => said.push(words.join(' '))
after(() => {
  console.log = say
})
beforeEach(() => {
  said.length = 0
  process.env.SHOUWANG_BIN = stub
  delete process.env.STUB_FAULT
})

const kept = () => said.join('\n').match(/kept: (.*)/)?.[1]
const one = (walk, options = {}) => run([{ name: 'a journey', walk, options }])

async function listens(url) {
  try {
    return (await fetch(`${url}/healthz`)).ok
  } catch {
    return false
  }
}

test('a good journey passes, its steps are printed, its server is gone and its folder too', async () => {
  let seen = {}
  const result = await one(async ({ url, folder, signIn, desk, given, then, shot, fits, axe }) => {
    assert.ok(await listens(url))
    const page = await desk()
    await given('an officer', () => signIn(page, 'township'))
    await then('the home page greets them', () => page.getByRole('heading', { name: '您好' }).waitFor())
    await fits(page)
    await axe(page)
    assert.ok(fs.statSync(await shot(page, 'home')).size > 1000)
    seen = { url, folder }
  })
  assert.deepEqual(result, { passed: 1, failed: 0 })
  assert.match(said.join('\n'), / {2}given an officer\n {2}then {2}the home page greets them\n {2}passed/)
  assert.equal(await listens(seen.url), false)
  assert.equal(fs.existsSync(seen.folder), false)
})

test('a failing journey is counted, looked at and does not stop the next', async () => {
  const walk = async ({ desk }) => {
    await (await desk()).goto('/')
    throw new Error('not what was wanted')
  }
  const result = await run([
    { name: 'a bad one', walk, options: {} },
    { name: 'a good one', walk: async () => {}, options: {} },
  ])
  assert.deepEqual(result, { passed: 1, failed: 1 })
  assert.match(said.join('\n'), /not what was wanted/)
  assert.ok(fs.readdirSync(kept()).some(file => /failed\.png$/.test(file)))
  fs.rmSync(kept(), { recursive: true })
})

for (const [address, fault, check] of [
  ['/threw', /nobody catches this/, async () => {}],
  ['/bad', /button-name/, (page, tools) => tools.axe(page)],
  ['/wide', /wider than its window/, (page, tools) => tools.fits(page)],
]) {
  test(`a page that ${address.slice(1)} fails its journey`, async () => {
    const result = await one(async tools => {
      const page = await tools.phone()
      await page.goto(address)
      await check(page, tools)
    })
    assert.deepEqual(result, { passed: 0, failed: 1 })
    assert.match(said.join('\n'), fault)
    fs.rmSync(kept(), { recursive: true })
  })
}

for (const [fault, words] of [
  ['demo', /demo ended with 3/],
  ['serve', /the server ended before it was ready[\s\S]*the port is taken/],
]) {
  test(`a server that fails at ${fault} fails the run, with its own words`, async () => {
    process.env.STUB_FAULT = fault
    assert.deepEqual(await one(async () => {}), { passed: 0, failed: 1 })
    assert.match(said.join('\n'), words)
    fs.rmSync(kept(), { recursive: true })
  })
}

test('the journeys end with one line and the exit code says the same', async () => {
  const good = await promisify(execFile)(process.execPath, [fileURLToPath(new URL('sign_in.mjs', import.meta.url))], { env: process.env })
  assert.match(good.stdout, /3 passed, 0 failed\n$/)

  process.env.STUB_FAULT = 'serve'
  const bad = await promisify(execFile)(process.execPath, [fileURLToPath(new URL('sign_in.mjs', import.meta.url))], { env: process.env }).catch(e => e)
  assert.equal(bad.code, 1)
  assert.match(bad.stdout, /0 passed, 1 failed\n$/)
  fs.rmSync(bad.stdout.match(/kept: (.*)/)[1], { recursive: true })
})
