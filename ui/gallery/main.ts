// The gallery shows every part of the console on invented data, with the
// server played by a few lines in this file. It is never shipped; e2e/parts.mjs
// walks through it at both widths and lets axe look.

import { Document, EditPen, Grid } from '@element-plus/icons-vue'
import { routes } from '../console/routes'
import { sources } from '../console/shell'
import { start } from '../console/start'
import { find, notices, people } from './people'

const session = {
  account: { id: 'a1', name: '冉秋萍', username: 'township', must_change: false },
  posts: [
    {
      role: 'township_supervisor',
      role_name: '乡镇儿童督导员',
      organisation: '双石镇人民政府',
      region: '500235101',
    },
  ],
  can: ['example.list', 'example.edit'],
  draft_key: btoa('0123456789abcdef0123456789abcdef'),
  today: '2026-11-23',
  demo: true,
}

const demo = [
  ['civilaffairs', '县民政局'],
  ['township', '乡镇儿童督导员'],
  ['village', '村儿童主任'],
  ['school', '学校'],
  ['police', '派出所'],
  ['hospital', '医院'],
  ['supervision', '县督导办'],
  ['auditor', '审计管理员'],
].map(([username, role]) => ({ username, password: `${username}-demo`, role_name: role, about: username }))

let signedIn = !location.search.includes('out') && !location.pathname.startsWith('/sign-in')

function answer(status: number, body?: unknown): Response {
  const kind = status < 400 ? 'application/json' : 'application/problem+json'
  return new Response(body === undefined ? null : JSON.stringify(body), { status, headers: { 'content-type': kind } })
}

/** The server's part. `window.fault` is set by the journey that tries a fault. */
async function serve(request: Request): Promise<Response> {
  const { pathname } = new URL(request.url)
  const call = `${request.method} ${pathname}`
  if (window.fault === 'cut') throw new TypeError('the line is down')
  if (window.fault === 'expired' && call !== 'POST /api/session') {
    return answer(401, { status: 401, id: 'session.none', title: '请先登录。' })
  }
  switch (call) {
    case 'GET /api/session':
      return signedIn ? answer(200, session) : answer(401, { status: 401, id: 'session.none', title: '请先登录。' })
    case 'POST /api/session': {
      const body: { password: string } = await request.json()
      if (!body.password.endsWith('-demo')) return answer(422, { status: 422, id: 'session.refused', title: '账号或密码不对。忘记密码请联系本单位的安全管理员。' })
      signedIn = true
      if (window.fault === 'expired') window.fault = undefined
      return answer(204)
    }
    case 'DELETE /api/session':
      signedIn = false
      return answer(204)
    case 'GET /api/session/demo':
      return answer(200, demo)
    case 'GET /api/examples':
      return answer(200, people(request))
    case 'POST /api/examples': {
      window.keys = [...(window.keys ?? []), request.headers.get('Idempotency-Key') ?? '']
      const body: { carer: string } = await request.json()
      if (window.fault === 'stale') return answer(412, { status: 412, id: 'example.stale', title: '这条记录刚刚被别人改过。' })
      if (body.carer.length < 2) {
        return answer(422, { status: 422, id: 'request.invalid', title: '有内容需要修改，请看标出的地方。', fields: { carer: '请填写受委托人的全名' } })
      }
      return answer(200, { id: 'x1' })
    }
  }
  return answer(404, { status: 404, id: 'not_found', title: '没有找到。' })
}

declare global {
  interface Window {
    fault?: string | undefined
    keys?: string[]
  }
}

const real = window.fetch
window.fetch = (input, init) => {
  const request = new Request(input, init)
  return new URL(request.url).pathname.startsWith('/api/') ? serve(request) : real(request)
}

sources.find = find
sources.notices = notices

start([
  ...routes,
  {
    path: '/examples',
    name: 'examples',
    component: () => import('./ListExample.vue'),
    meta: { title: '儿童台账', needs: 'example.list', nav: { group: '台账', icon: Document } },
  },
  {
    path: '/examples/new',
    name: 'example-new',
    component: () => import('./FormExample.vue'),
    meta: { title: '登记走访', needs: 'example.edit', parent: 'examples', nav: { group: '台账', icon: EditPen } },
  },
  {
    path: '/parts',
    name: 'parts',
    component: () => import('./PartsExample.vue'),
    meta: { title: '部件', nav: { group: '', icon: Grid } },
  },
  {
    path: '/secret',
    name: 'secret',
    component: () => import('./PartsExample.vue'),
    meta: { title: '审计', needs: 'audit.read' },
  },
])
