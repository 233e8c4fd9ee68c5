// Journeys through a real browser: the server's real binary on a fresh
// database with the demonstration county, Debian's Chromium, plain Node. A
// journey reads as given / when / then, and each step is printed as it is
// taken, so that a failing run says where people would have been stuck:
//
//	import { finish, journey } from './harness.mjs'
//	journey('a township officer signs in', async ({ desk, given, when, then }) => { … })
//	await finish()
//
// SHOUWANG_BIN names the binary, built with the tag `ui`. KEEP=1 keeps the
// temporary folder with its screenshots and the server's log.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import fs from 'node:fs'
import { createRequire } from 'node:module'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

// The browser's driver and axe are pinned with the front ends.
const require = createRequire(new URL('../ui/package.json', import.meta.url))
const { chromium } = require('playwright-core')
const axeSource = fs.readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8')

const flags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]
const sizes = {
  desk: { viewport: { width: 1366, height: 768 } },
  phone: { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true },
}
const patience = { ready: 60_000, step: 15_000, stop: 15_000 }

const journeys = []

/** journey adds one; `with: 'nothing'` starts no server (the journey brings its own). */
export function journey(name, walk, options = {}) {
  journeys.push({ name, walk, options })
}

/** finish walks what was added, prints `N passed, N failed` and sets the exit code. */
export async function finish() {
  const { passed, failed } = await run(journeys.splice(0))
  console.log(`${passed} passed, ${failed} failed`)
  process.exitCode = failed > 0 || passed === 0 ? 1 : 0
}

export async function run(list) {
  const result = { passed: 0, failed: 0 }
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'shouwang-e2e-'))
  const open = { server: undefined, browser: undefined }
  // However this process ends, nothing it started stays behind.
  const abandon = () => open.server?.child.kill('SIGKILL')
  const interrupted = () => process.exit(130)
  process.once('exit', abandon)
  process.once('SIGINT', interrupted)
  process.once('SIGTERM', interrupted)
  try {
    if (list.some(j => j.options.with !== 'nothing')) open.server = await startServer(folder)
    open.browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: flags })
    for (const { name, walk, options } of list) {
      console.log(`\n${name}`)
      const tools = equip(open, folder, name, options)
      try {
        await walk(tools)
        tools.assertQuiet()
        result.passed++
        console.log('  passed')
      } catch (error) {
        result.failed++
        console.log(`  FAILED ${indent(error?.stack ?? String(error))}`)
        for (const file of await tools.lastLooks()) console.log(`  see ${file}`)
      } finally {
        await tools.close()
      }
    }
  } catch (error) {
    result.failed++
    console.log(`FAILED before the journeys: ${error?.stack ?? error}`)
  } finally {
    await open.browser?.close()
    if (open.server) await stop(open.server.child)
    process.off('exit', abandon)
    process.off('SIGINT', interrupted)
    process.off('SIGTERM', interrupted)
    if (result.failed === 0 && !process.env.KEEP) fs.rmSync(folder, { recursive: true, force: true })
    else console.log(`\nkept: ${folder}`)
  }
  return result
}

/** Fills a fresh database with the demonstration county and serves it. */
async function startServer(folder) {
  const bin = process.env.SHOUWANG_BIN
  if (!bin) throw new Error('SHOUWANG_BIN does not name the server binary')
  const log = path.join(folder, 'server.log')
  const out = fs.openSync(log, 'a')
  const db = `sqlite:${path.join(folder, 'county.db')}`
  const options = { cwd: folder, stdio: ['ignore', out, out] }
  const begin = args => spawn(path.resolve(bin), args, options)

  const demo = begin(['demo', '--db', db, '--children', process.env.CHILDREN ?? '200'])
  const code = await new Promise((resolve, reject) => demo.once('error', reject).once('exit', resolve))
  if (code !== 0) throw new Error(`demo ended with ${code}:\n${fs.readFileSync(log, 'utf8')}`)

  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const child = begin(['serve', '--db', db, '--listen', `127.0.0.1:${port}`])
  try {
    await ready(url, child)
  } catch (error) {
    await stop(child)
    throw new Error(`${error.message}:\n${fs.readFileSync(log, 'utf8').slice(-4000)}`)
  }
  return { child, url, log }
}

async function ready(url, child) {
  const until = Date.now() + patience.ready
  while (Date.now() < until) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error('the server ended before it was ready')
    try {
      if ((await fetch(`${url}/healthz`)).ok) return
    } catch {
      // not listening yet
    }
    await new Promise(resolve => setTimeout(resolve, 50))
  }
  throw new Error('the server did not become ready')
}

/** Stops the very process this run started, and waits until it is gone. */
export async function stop(child) {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = new Promise(resolve => child.once('exit', resolve))
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), patience.stop)
  await gone
  clearTimeout(timer)
}

/** Asks the server as the person signed in on the page. */
export async function ask(page, path, method = 'GET', body) {
  const answer = await page.evaluate(
    async ([path, method, body]) => {
      const headers = body ? { 'Content-Type': 'application/json' } : {}
      const response = await fetch(path, { method, headers, body: body && JSON.stringify(body) })
      return { ok: response.ok, text: await response.text() }
    },
    [path, method, body],
  )
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.text}`)
  return answer.text ? JSON.parse(answer.text) : undefined
}

export function freePort() {
  return new Promise((resolve, reject) => {
    const probe = net.createServer()
    probe.once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address()
      probe.close(() => resolve(port))
    })
  })
}

function equip({ server, browser }, folder, name, options) {
  const contexts = []
  const faults = []
  const slug = name.replace(/[^\p{L}\p{N}]+/gu, '-')
  let shots = 0

  async function page(size, extra = {}) {
    const context = await browser.newContext({
      baseURL: options.url ?? server?.url,
      locale: 'zh-CN',
      timezoneId: 'Asia/Shanghai',
      ...sizes[size],
      ...extra,
    })
    context.setDefaultTimeout(patience.step)
    const opened = await context.newPage()
    // What a page throws, or its policy refuses, fails the journey even where nobody looked.
    opened.on('pageerror', error => faults.push(`${opened.url()} threw ${error.stack ?? error}`))
    opened.on('console', message => {
      if (/Content Security Policy/i.test(message.text())) faults.push(message.text())
    })
    contexts.push(context)
    return opened
  }

  const step = word => async (words, act) => {
    console.log(`  ${word} ${words}`)
    return act?.()
  }

  async function shot(page, label) {
    const file = path.join(folder, `${slug}-${String(++shots).padStart(2, '0')}-${label}.png`)
    // The whole page, but of a long list no more than people look at.
    const { width, height } = page.viewportSize()
    const whole = await page.evaluate(() => document.documentElement.scrollHeight)
    const clip = { x: 0, y: 0, width, height: Math.max(height, Math.min(whole, 3 * height)) }
    await page.screenshot({ path: file, fullPage: true, clip })
    return file
  }

  return {
    assert,
    folder,
    url: options.url ?? server?.url,
    given: step('given'),
    when: step('when '),
    then: step('then '),
    /** A browser of its own, wide as an office's or narrow as a phone's. */
    desk: extra => page('desk', extra),
    phone: extra => page('phone', extra),
    shot,

    /** Signs in as one of the demonstration accounts, through the page. */
    async signIn(page, username) {
      const response = await fetch(new URL('/api/session/demo', options.url ?? server.url))
      const account = (await response.json()).find(a => a.username === username)
      assert.ok(account, `the demonstration county has no account ${username}`)
      await page.goto('/sign-in')
      await page.getByLabel('用户名').fill(account.username)
      await page.getByLabel('密码', { exact: false }).fill(account.password)
      await page.getByRole('button', { name: '登录', exact: true }).click()
      await page.waitForURL(at => !at.pathname.startsWith('/sign-in'))
    },

    /** Fails on anything axe calls serious. It is evaluated, not injected, so the page's own CSP stays on. */
    async axe(page, ...exclude) {
      await settled(page)
      await page.evaluate(axeSource)
      const found = await page.evaluate(
        async exclude => {
          const { violations } = await globalThis.axe.run({ exclude }, { resultTypes: ['violations'] })
          return violations
            .filter(v => v.impact === 'serious' || v.impact === 'critical')
            .flatMap(v => v.nodes.map(n => `${v.id} (${v.impact}) at ${n.target.join(' ')}: ${n.failureSummary}`))
        },
        exclude.map(selector => [selector]),
      )
      assert.deepEqual(found, [], `axe finds fault with ${page.url()}`)
    },

    /** Fails where a page is wider than its window: on a phone people would lose what lies outside. */
    async fits(page) {
      const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
      assert.ok(over <= 0, `${page.url()} is ${over} px wider than its window`)
    },

    assertQuiet() {
      assert.deepEqual(faults, [], 'pages threw or broke their policy')
    },
    async lastLooks() {
      const files = []
      for (const context of contexts) for (const page of context.pages()) files.push(await shot(page, 'failed').catch(String))
      return files
    },
    async close() {
      for (const context of contexts) await context.close()
    },
  }
}

function indent(text) {
  return text.replaceAll('\n', '\n  ')
}

/** Waits until nothing on the page is fading or sliding any more: half-faded words have half their contrast. */
async function settled(page) {
  await page.waitForTimeout(50) // what was just asked for has begun to move
  await page.waitForFunction(
    () => document.getAnimations().every(a => a.playState !== 'running' || a.effect?.getTiming().iterations === Infinity),
    undefined,
    { timeout: 5000 },
  )
}

/** The folder of this repository. */
export const root = fileURLToPath(new URL('..', import.meta.url))
