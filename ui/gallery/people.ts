// Invented people for the gallery.
import { to } from '../console/routes'
import type { Hit, Notice } from '../console/shell'

export interface Person {
  id: string
  name: string
  sex: string
  age: number
  village: string
  carer: string
  telephone: string
  level: string
  due: string
}

const surnames = ['冉', '向', '谭', '牟', '秦', '彭', '田', '覃', '蒲', '龚']
const given = ['小雨', '子涵', '晨曦', '欣怡', '浩然', '雨桐', '明轩', '思琪', '家豪', '梓萱', '志强']
const villages = ['石门村', '柳溪村', '大垭村', '清水村', '油坊村', '黄泥社区']
const levels = ['一般', '关注', '重点']

function pick(list: readonly string[], n: number): string {
  return list[n % list.length] ?? ''
}

const everyone: Person[] = Array.from({ length: 137 }, (_, n) => ({
  id: `p${n}`,
  name: pick(surnames, n * 3 + 1) + pick(given, n * 7),
  sex: n % 2 ? '女' : '男',
  age: 3 + ((n * 5) % 13),
  village: pick(villages, n),
  carer: pick(surnames, n + 2) + pick(['德珍', '兴发', '桂英', '长明'], n),
  telephone: '139****' + String(1000 + ((n * 37) % 9000)),
  level: pick(levels, n * n),
  due: new Date(Date.now() + ((n % 12) - 3) * 24 * 3600 * 1000).toISOString().slice(0, 10),
}))

export function people(request: Request): unknown {
  const query = new URL(request.url).searchParams
  const after = Number(query.get('after') ?? 0)
  const found = everyone.filter(
    p => (!query.get('level') || p.level === query.get('level')) && (!query.get('q') || p.name.includes(query.get('q') ?? '')),
  )
  const rows = found.slice(after, after + 50)
  return { rows, next: after + 50 < found.length ? String(after + 50) : undefined, total: found.length }
}

export async function find(q: string): Promise<Hit[]> {
  return everyone
    .filter(p => p.name.includes(q))
    .slice(0, 8)
    .map(p => ({ id: p.id, title: p.name, note: `${p.village} ${p.age} 岁`, to: to.home() }))
}

export async function notices(): Promise<{ unread: number; items: Notice[] }> {
  return {
    unread: 3,
    items: [
      { id: 'n1', text: '石门村有 2 户走访逾期', at: '2026-11-23T01:05:00Z', to: to.home() },
      { id: 'n2', text: '一份委托照护协议将在 7 天后到期', at: '2026-11-22T08:30:00Z', to: to.home() },
      { id: 'n3', text: '柳溪村的手机已 3 天没有连接', at: '2026-11-22T01:00:00Z', to: to.home() },
    ],
  }
}
