import { describe, expect, test } from 'vitest'
import { addMonths, iso, readDay, sayTime, standing, today, weeksAround } from './dates'

describe('Reading a day', () => {
  test.each([
    ['20261123', '2026-11-23'],
    ['2026.11.23', '2026-11-23'],
    ['2026年11月23日', '2026-11-23'],
    ['2026-11-23', '2026-11-23'],
    ['2026/1/3', '2026-01-03'],
    ['2026年1月3', '2026-01-03'],
    ['２０２６－１１－２３', '2026-11-23'],
    [' 2026 年 11 月 23 日 ', '2026-11-23'],
    ['20240229', '2024-02-29'],
  ])('%s is %s', (typed, day) => {
    const read = readDay(typed)
    expect(read && iso(read)).toBe(day)
  })

  test.each(['', '2026', '20261301', '20230229', '2026-11-31', '11/23/2026', '明天', '02026-1-1'])(
    '%s is no day',
    typed => expect(readDay(typed)).toBeUndefined(),
  )
})

test('Today is the day in China, whatever the computer keeps', () => {
  expect(today(new Date('2026-11-22T15:59:59Z'))).toBe('2026-11-22')
  expect(today(new Date('2026-11-22T16:00:00Z'))).toBe('2026-11-23')
  expect(sayTime('2026-11-22T16:05:00Z')).toBe('2026-11-23 00:05')
})

test('A month later is never a day that month does not have', () => {
  expect(addMonths('2026-01-31', 1)).toBe('2026-02-28')
  expect(addMonths('2024-02-29', 12)).toBe('2025-02-28')
  expect(addMonths('2026-01-15', -1)).toBe('2025-12-15')
})

test('The calendar shows six whole weeks around the month', () => {
  const weeks = weeksAround('2026-11-23')
  expect(weeks).toHaveLength(6)
  expect(weeks[0]?.[0]).toBe('2026-11-01')
  expect(weeks.flat()).toContain('2026-11-30')
})

describe('How a deadline stands', () => {
  const now = new Date('2026-11-23T02:00:00Z') // 10 in the morning in China
  test.each([
    ['2026-11-20', null, 'overdue', '逾期 3 天'],
    ['2026-11-23', null, 'soon', '今天'],
    ['2026-11-24', null, 'soon', '明天'],
    ['2026-11-28', null, 'later', '还有 5 天'],
    ['2026-11-23T05:30:00Z', null, 'soon', '还剩 3 小时'],
    ['2026-11-23T02:20:00Z', null, 'soon', '还剩 20 分钟'],
    ['2026-11-22T23:00:00Z', null, 'overdue', '逾期 3 小时'],
    ['2026-11-23T01:59:40Z', null, 'overdue', '逾期 1 分钟'],
    ['2026-12-03T02:00:00Z', null, 'later', '还有 10 天'],
    ['2026-11-20', '2026-11-20T03:00:00Z', 'done', '已完成'],
    ['2026-11-20', '2026-11-22T03:00:00Z', 'done', '已完成，晚 2 天'],
    [null, null, 'none', '不限时'],
  ])('due %s, done %s', (due, doneAt, tone, words) => {
    expect(standing(due, doneAt, now)).toEqual({ tone, words })
  })
})
