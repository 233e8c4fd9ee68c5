import { describe, expect, test } from 'vitest'
import { Problem } from './problem'
import { keyHeader, patience, sender, type Hooks, type Line } from './send'

/** A line that gives its answers in turn and lets no real time pass. */
function rehearse(...answers: (number | 'cut' | Response)[]) {
  let now = 0
  const sent: Request[] = []
  const waiting: boolean[] = []
  let signIns = 0
  const line: Line = {
    now: () => now,
    random: () => 0.5,
    pause: async ms => void (now += ms),
    fetch: async request => {
      sent.push(request)
      const answer = answers.length > 1 ? answers.shift() : answers[0]
      if (answer instanceof Response) return answer.clone()
      if (answer === undefined || answer === 'cut') throw new TypeError('the line is down')
      return new Response(answer === 204 ? null : '{}', { status: answer, headers: { 'content-type': 'application/json' } })
    },
  }
  const hooks: Hooks = {
    waiting: down => waiting.push(down),
    signInAgain: async () => {
      signIns++
      return true
    },
  }
  return { send: sender(hooks, line), line, sent, waiting, elapsed: () => now, signIns: () => signIns }
}

const read = () => new Request('http://desk.test/api/things')
const write = () => new Request('http://desk.test/api/things', { method: 'POST', body: '{"a":1}' })

async function refusal(answer: Promise<Response>): Promise<Problem> {
  const thrown: unknown = await answer.then(
    () => 'answered',
    (reason: unknown) => reason,
  )
  if (thrown instanceof Problem) return thrown
  throw new Error(`expected a Problem, got ${String(thrown)}`)
}

describe('A line that drops', () => {
  test('a write is sent again under the same key and with the same body', async () => {
    const { send, sent, waiting } = rehearse('cut', 503, 200)
    expect((await send(write())).status).toBe(200)
    expect(sent).toHaveLength(3)
    const keys = new Set(sent.map(r => r.headers.get(keyHeader)))
    expect(keys.size).toBe(1)
    expect([...keys][0]).toMatch(/^[\w-]{32,36}$/)
    expect(await Promise.all(sent.map(r => r.text()))).toEqual(['{"a":1}', '{"a":1}', '{"a":1}'])
    expect(waiting).toEqual([true, false])
  })

  test('two actions have two keys, and a key given is kept', async () => {
    const { send, sent } = rehearse(200)
    await send(write())
    await send(write())
    await send(new Request(write(), { headers: { [keyHeader]: 'mine' } }))
    const keys = sent.map(r => r.headers.get(keyHeader))
    expect(keys[0]).not.toBe(keys[1])
    expect(keys[2]).toBe('mine')
  })

  test('a read carries no key', async () => {
    const { send, sent } = rehearse(200)
    await send(read())
    expect(sent[0]?.headers.has(keyHeader)).toBe(false)
  })

  test('it is tried for about a minute and then said, with the line shown down meanwhile', async () => {
    const { send, elapsed, waiting, sent } = rehearse('cut')
    const problem = await refusal(send(write()))
    expect(problem).toMatchObject({ status: 0, id: 'network', unreachable: true })
    expect(elapsed()).toBeGreaterThan(patience.total * 0.8)
    expect(elapsed()).toBeLessThanOrEqual(patience.total)
    expect(sent.length).toBeGreaterThan(5)
    expect(waiting).toEqual([true, false])
  })

  test('a pause the server asks for is kept', async () => {
    const busy = new Response(null, { status: 503, headers: { 'Retry-After': '7' } })
    const { send, elapsed } = rehearse(busy, 200)
    await send(read())
    expect(elapsed()).toBe(7000)
  })

  test('a refusal is not tried again', async () => {
    const { send, sent } = rehearse(422)
    await refusal(send(write()))
    expect(sent).toHaveLength(1)
  })

  test('a page that gives up is not kept waiting', async () => {
    const { send, sent, line } = rehearse('cut')
    const gone = new AbortController()
    line.pause = async () => gone.abort()
    await expect(send(new Request(read(), { signal: gone.signal }))).rejects.toThrow()
    expect(sent.length).toBeLessThanOrEqual(2)
  })
})

describe('A session that ran out', () => {
  test('the person signs in again and the same action goes on', async () => {
    const { send, sent, signIns } = rehearse(401, 200)
    expect((await send(write())).status).toBe(200)
    expect(signIns()).toBe(1)
    expect(sent[0]?.headers.get(keyHeader)).toBe(sent[1]?.headers.get(keyHeader))
    expect(await sent[1]?.text()).toBe('{"a":1}')
  })

  test('a wrong password is an answer, not a reason to ask for another', async () => {
    const { send, signIns } = rehearse(401)
    const problem = await refusal(send(new Request('http://desk.test/api/session', { method: 'POST', body: '{}' })))
    expect(problem.status).toBe(401)
    expect(signIns()).toBe(0)
  })

  test('whoever declines is told so', async () => {
    const { line } = rehearse(401)
    const send = sender({ waiting: () => {}, signInAgain: () => Promise.resolve(false) }, line)
    expect(await refusal(send(write()))).toMatchObject({ status: 401, id: 'signed_out' })
  })
})

describe('A refusal', () => {
  const json = (status: number, body: unknown) =>
    new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/problem+json' } })

  test('says what the server said, field by field', async () => {
    const { send } = rehearse(json(422, { status: 422, id: 'child.name', title: '请填写姓名', fields: { name: '请填写姓名' } }))
    const problem = await refusal(send(write()))
    expect(problem).toMatchObject({ status: 422, id: 'child.name', message: '请填写姓名', fields: { name: '请填写姓名' } })
    expect(problem.stale).toBe(false)
  })

  test('knows when someone was first', async () => {
    const { send } = rehearse(json(412, { id: 'child.stale', title: '这条记录刚刚被别人改过。' }))
    expect((await refusal(send(write()))).stale).toBe(true)
  })

  test('can be said even when a proxy made it', async () => {
    const { send } = rehearse(new Response('<html>', { status: 500, headers: { 'content-type': 'text/html' } }))
    expect(await refusal(send(write()))).toMatchObject({ id: 'http.500' })
  })
})
