#!/usr/bin/env node
// Stands in for the server binary where the harness itself is tested: the
// commands, the built console and sessions; nothing else. STUB_FAULT makes it
// misbehave as a real one might.

import { randomUUID } from 'node:crypto'
import fs from 'node:fs'
import http from 'node:http'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const [command, ...rest] = process.argv.slice(2)
const flag = name => rest[rest.indexOf(name) + 1]
const database = flag('--db').replace(/^sqlite:/, '')
const fault = process.env.STUB_FAULT

if (command === 'demo') {
  fs.writeFileSync(database, 'demo county')
  process.exit(fault === 'demo' ? 3 : 0)
}
if (command !== 'serve' || !fs.existsSync(database)) process.exit(2)
if (fault === 'serve') {
  console.error('the port is taken')
  process.exit(1)
}

const dist = fileURLToPath(new URL('../../ui/dist', import.meta.url))
const kinds = { '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.html': 'text/html; charset=utf-8' }
const policy =
  "default-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; script-src 'self'; connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
const account = { username: 'township', password: randomUUID(), role_name: '乡镇儿童督导员', about: '双石镇' }
const session = {
  account: { id: 'a1', name: '冉秋萍', username: 'township', must_change: false },
  posts: [{ role: 'township_supervisor', role_name: '乡镇儿童督导员', organisation: '双石镇人民政府', region: '500235101' }],
  can: [],
  draft_key: Buffer.alloc(32, 7).toString('base64'),
  today: '2026-11-23',
  demo: true,
}
const pages = {
  '/threw': '<!doctype html><html lang="zh-CN"><title>t</title><script src="/threw.js"></script><main><h1>x</h1></main>',
  '/bad': '<!doctype html><html><title>t</title><main><h1>x</h1><button></button></main>',
  '/wide': '<!doctype html><html lang="zh-CN"><title>t</title><meta name="viewport" content="width=device-width, initial-scale=1"><div style="width:2000px">x</div>',
}

const server = http.createServer(async (request, response) => {
  const { pathname } = new URL(request.url ?? '/', 'http://stub')
  const send = (status, body, headers = {}) => {
    const kind = status < 400 ? 'application/json' : 'application/problem+json'
    response.writeHead(status, { 'content-type': kind, ...headers }).end(body === undefined ? undefined : JSON.stringify(body))
  }
  const cookie = 'session=on; HttpOnly; SameSite=Strict; Path=/'
  switch (`${request.method} ${pathname}`) {
    case 'GET /healthz':
      return send(200, {})
    case 'GET /api/session/demo':
      return send(200, [account])
    case 'GET /api/session':
      if (request.headers.cookie?.includes('session=on')) return send(200, session)
      return send(401, { status: 401, id: 'session.none', title: '请先登录。' })
    case 'POST /api/session': {
      let body = ''
      for await (const piece of request) body += piece
      const { username, password } = JSON.parse(body)
      if (username !== account.username || password !== account.password) {
        return send(422, { status: 422, id: 'session.refused', title: '账号或密码不对。忘记密码请联系本单位的安全管理员。' })
      }
      return send(204, undefined, { 'set-cookie': cookie })
    }
    case 'DELETE /api/session':
      return send(204, undefined, { 'set-cookie': `${cookie}; Max-Age=0` })
    case 'GET /threw.js':
      return response.writeHead(200, { 'content-type': 'text/javascript' }).end("throw new Error('nobody catches this')")
  }
  const html = { 'content-type': 'text/html; charset=utf-8', 'content-security-policy': policy }
  if (pages[pathname]) return response.writeHead(200, html).end(pages[pathname])
  const file = path.join(dist, path.normalize(pathname))
  const found = fs.existsSync(file) && fs.statSync(file).isFile()
  const sent = found ? file : path.join(dist, 'index.html')
  response.writeHead(200, { ...html, 'content-type': kinds[path.extname(sent)] ?? 'application/octet-stream' })
  fs.createReadStream(sent).pipe(response)
})
const [host, port] = flag('--listen').split(':')
server.listen(Number(port), host)
