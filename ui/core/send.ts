// Sending over a line that drops. A request is tried again with growing pauses
// for a minute while nothing answers or the server says it cannot. That is
// safe for writes because each carries an Idempotency-Key, made once for one
// action of the user: Chromium itself sends a POST again when a kept-alive
// connection dies, so the server must tell repeats apart in any case.

import { Problem, problemOf } from './problem'
import { t } from './words'

export const keyHeader = 'Idempotency-Key'

/** What the shell lends to sending, since core draws nothing. */
export interface Hooks {
  /** Asks the person to sign in again; false when they chose not to. */
  signInAgain(): Promise<boolean>
  /** The line is down (true) or back (false). */
  waiting(down: boolean): void
}

export interface Line {
  fetch(request: Request): Promise<Response>
  now(): number
  pause(milliseconds: number, signal: AbortSignal): Promise<void>
  random(): number
}

/** How long a failing request is tried, and how long one try may take. */
export const patience = { total: 60_000, attempt: 30_000 }

/** newKey names one action of the user. */
export function newKey(): string {
  if (typeof crypto.randomUUID === 'function') return crypto.randomUUID()
  // Before Chromium 92, and where the office opens the console over plain http.
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return [...bytes].map(b => b.toString(16).padStart(2, '0')).join('')
}

/** sender makes the one function through which every request goes. */
export function sender(hooks: Hooks, line: Line = browserLine): (request: Request) => Promise<Response> {
  let down = 0
  const tell = (wasDown: boolean, isDown: boolean) => {
    if (wasDown === isDown) return
    down += isDown ? 1 : -1
    hooks.waiting(down > 0)
  }

  return async first => {
    const request = isRead(first) ? first : withKey(first)
    const response = await tryOn(request)
    if (response.status !== 401 || aboutSession(request)) return ok(response)
    if (!(await hooks.signInAgain())) throw new Problem(401, 'signed_out', t('problem.signed_out'))
    return ok(await tryOn(request))
  }

  async function tryOn(request: Request): Promise<Response> {
    const giveUpAt = line.now() + patience.total
    let isDown = false
    try {
      for (let n = 0; ; n++) {
        const answer = await attempt(request, line)
        if (answer instanceof Response && !cannotNow(answer.status)) return answer
        const wait = pauseFor(n, answer, line)
        if (line.now() + wait > giveUpAt) {
          if (answer instanceof Response) return answer
          throw answer
        }
        tell(isDown, true)
        isDown = true
        await line.pause(wait, request.signal)
      }
    } finally {
      tell(isDown, false)
    }
  }
}

/** One try: an answer, or the Problem that none came. A request the page gave up on throws. */
async function attempt(request: Request, line: Line): Promise<Response | Problem> {
  const limit = new AbortController()
  const stop = () => limit.abort()
  const timer = setTimeout(stop, patience.attempt)
  request.signal.addEventListener('abort', stop)
  try {
    return await line.fetch(new Request(request.clone(), { signal: limit.signal }))
  } catch (thrown) {
    if (request.signal.aborted) throw thrown
    if (limit.signal.aborted) return new Problem(0, 'timeout', t('problem.timeout'), String(thrown))
    return new Problem(0, 'network', t('problem.network'), String(thrown))
  } finally {
    clearTimeout(timer)
    request.signal.removeEventListener('abort', stop)
  }
}

async function ok(response: Response): Promise<Response> {
  if (response.ok) return response
  throw await problemOf(response)
}

/** A refusal to sign in, or the first look whether anyone is signed in, is an answer of its own. */
function aboutSession(request: Request): boolean {
  return new URL(request.url).pathname === '/api/session'
}

function isRead(request: Request): boolean {
  return request.method === 'GET' || request.method === 'HEAD'
}

function withKey(request: Request): Request {
  if (request.headers.has(keyHeader)) return request
  const headers = new Headers(request.headers)
  headers.set(keyHeader, newKey())
  return new Request(request, { headers })
}

function cannotNow(status: number): boolean {
  return status === 502 || status === 503 || status === 504
}

/** Half a second, doubling to eight, half of it by chance so that a whole county does not knock at once. */
function pauseFor(n: number, answer: Response | Problem, line: Line): number {
  const asked = answer instanceof Response ? Number(answer.headers.get('Retry-After')) * 1000 : 0
  if (asked > 0) return asked
  const most = Math.min(500 * 2 ** n, 8_000)
  return most / 2 + (line.random() * most) / 2
}

const browserLine: Line = {
  fetch: request => fetch(request),
  now: () => Date.now(),
  random: () => Math.random(),
  pause: (milliseconds, signal) =>
    new Promise((resolve, reject) => {
      const tidy = () => {
        clearTimeout(timer)
        removeEventListener('online', done)
        signal.removeEventListener('abort', stopped)
      }
      const done = () => {
        tidy()
        resolve()
      }
      const stopped = () => {
        tidy()
        reject(new DOMException('the page gave the request up', 'AbortError'))
      }
      const timer = setTimeout(done, milliseconds)
      addEventListener('online', done)
      signal.addEventListener('abort', stopped)
    }),
}
