// Days as offices write and count them. A day is '2026-11-23'; a moment is an
// RFC 3339 string and is always shown in China's one time zone, whatever the
// computer's clock is set to.

import { t } from './words'

const zone = 'Asia/Shanghai'
const dayLength = 24 * 3600 * 1000

export interface Day {
  year: number
  month: number // 1 to 12
  day: number
}

/** The day written as it is stored. */
export function iso({ year, month, day }: Day): string {
  return `${String(year).padStart(4, '0')}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`
}

/**
 * readDay understands what people type: 20261123, 2026.11.23, 2026/11/23,
 * 2026年11月23日, 2026-11-23, full-width digits, with or without leading
 * zeros. It returns undefined for anything that is no day of the calendar.
 */
export function readDay(typed: string): Day | undefined {
  const text = typed.normalize('NFKC').replace(/\s/g, '')
  const parts =
    /^(\d{4})(\d{2})(\d{2})$/.exec(text) ?? /^(\d{4})[-./\u5e74](\d{1,2})[-./\u6708](\d{1,2})\u65e5?$/.exec(text)
  if (!parts) return undefined
  const day = { year: Number(parts[1]), month: Number(parts[2]), day: Number(parts[3]) }
  const back = new Date(Date.UTC(day.year, day.month - 1, day.day))
  const real = day.year >= 1000 && back.getUTCMonth() === day.month - 1 && back.getUTCDate() === day.day
  return real ? day : undefined
}

/** Today in China. */
export function today(now = new Date()): string {
  return dayOf(now.toISOString())
}

const dayFormat = new Intl.DateTimeFormat('en-CA', { timeZone: zone, year: 'numeric', month: '2-digit', day: '2-digit' })
const timeFormat = new Intl.DateTimeFormat('en-GB', { timeZone: zone, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' })

/** The day, in China, of a moment or a day. */
export function dayOf(at: string): string {
  return isDay(at) ? at : dayFormat.format(new Date(at))
}

/** A moment as 2026-11-23 09:05, a day as itself. */
export function sayTime(at: string): string {
  return isDay(at) ? at : `${dayOf(at)} ${timeFormat.format(new Date(at))}`
}

/** The hour and minute of a moment, in China. */
export function sayHour(at: string): string {
  return timeFormat.format(new Date(at))
}

/** How many days b lies after a. */
export function daysBetween(a: string, b: string): number {
  return Math.round((Date.parse(dayOf(b)) - Date.parse(dayOf(a))) / dayLength)
}

export function addDays(day: string, n: number): string {
  return new Date(Date.parse(day) + n * dayLength).toISOString().slice(0, 10)
}

/** The same day of another month, or that month's last day. */
export function addMonths(day: string, n: number): string {
  const from = new Date(Date.parse(day))
  const first = new Date(Date.UTC(from.getUTCFullYear(), from.getUTCMonth() + n, 1))
  const last = new Date(Date.UTC(first.getUTCFullYear(), first.getUTCMonth() + 1, 0)).getUTCDate()
  first.setUTCDate(Math.min(from.getUTCDate(), last))
  return first.toISOString().slice(0, 10)
}

/** The six weeks a small calendar shows, Sunday first. */
export function weeksAround(day: string): string[][] {
  const first = `${day.slice(0, 8)}01`
  const start = addDays(first, -new Date(Date.parse(first)).getUTCDay())
  return [0, 1, 2, 3, 4, 5].map(week => [0, 1, 2, 3, 4, 5, 6].map(n => addDays(start, week * 7 + n)))
}

/** Full years on a day. */
export function ageOn(birth: string, on = today()): number {
  return Number(on.slice(0, 4)) - Number(birth.slice(0, 4)) - (on.slice(5) < birth.slice(5) ? 1 : 0)
}

/** The day of a moment that may not have come: '' then, however its absence is written. */
export function dayIfAny(at: string | undefined): string {
  return !at || at.startsWith('0001-') ? '' : dayOf(at)
}

function isDay(at: string): boolean {
  return /^\d{4}-\d{2}-\d{2}$/.test(at)
}

/** How a deadline stands, and the words for it. */
export interface Standing {
  tone: 'overdue' | 'soon' | 'later' | 'done' | 'none'
  words: string
}

/**
 * standing says how a duty's deadline stands. A deadline that is a day runs to
 * the end of that day; one that is a moment (a report's hours) runs to the
 * minute, and is counted in hours inside two days.
 */
export function standing(due: string | null, doneAt?: string | null, now = new Date()): Standing {
  if (doneAt) {
    const late = due === null ? 0 : daysBetween(due, doneAt)
    return { tone: 'done', words: late > 0 ? t('due.done_late', { n: late }) : t('due.done') }
  }
  if (due === null) return { tone: 'none', words: t('due.none') }
  if (!isDay(due)) {
    const left = Date.parse(due) - now.getTime()
    if (Math.abs(left) < 2 * dayLength) return standingInHours(left)
  }
  const days = daysBetween(today(now), due)
  if (days < 0) return { tone: 'overdue', words: t('due.overdue_days', { n: -days }) }
  if (days === 0) return { tone: 'soon', words: t('due.today') }
  if (days === 1) return { tone: 'soon', words: t('due.tomorrow') }
  return { tone: days <= 3 ? 'soon' : 'later', words: t('due.in_days', { n: days }) }
}

function standingInHours(left: number): Standing {
  const minutes = Math.max(1, Math.floor(Math.abs(left) / 60_000))
  const hours = Math.floor(minutes / 60)
  if (left < 0) {
    const words = hours > 0 ? t('due.overdue_hours', { n: hours }) : t('due.overdue_minutes', { n: minutes })
    return { tone: 'overdue', words }
  }
  return { tone: 'soon', words: hours > 0 ? t('due.in_hours', { n: hours }) : t('due.in_minutes', { n: minutes }) }
}
