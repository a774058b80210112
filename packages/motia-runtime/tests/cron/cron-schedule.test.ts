import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { parseCron } from '../../src/cron/cron-schedule'

const MINUTE = 60_000
const HOUR = 60 * MINUTE

beforeAll(() => {
  vi.stubEnv('TZ', 'Europe/Berlin')
  // Otherwise the clocks would not change in the nights below.
  const summer = new Date(Date.UTC(2027, 6, 1)).getTimezoneOffset()
  if (summer !== -120) throw new Error('The time zone of this process cannot be set')
})

afterAll(() => {
  vi.unstubAllEnvs()
})

/** The first ticks after a time, as ISO strings. */
const ticks = (expression: string, after: string, count: number): string[] => {
  const schedule = parseCron(expression)
  const found: string[] = []
  for (let time = Date.parse(after); found.length < count; ) {
    time = schedule.next(time) ?? Number.NaN
    found.push(new Date(time).toISOString())
  }
  return found
}

describe('the expression', () => {
  test('When it has five fields, then they are minute, hour, day, month and weekday in local time', () => {
    expect(ticks('30 2 * * *', '2027-01-01T00:00Z', 2)).toEqual([
      '2027-01-01T01:30:00.000Z',
      '2027-01-02T01:30:00.000Z',
    ])
    expect(ticks('0 12 1 */6 *', '2027-01-01T12:00Z', 2)).toEqual([
      '2027-07-01T10:00:00.000Z',
      '2028-01-01T11:00:00.000Z',
    ])
  })

  test('When it has six fields, then the first is the second', () => {
    expect(ticks('*/20 * * * * *', '2027-01-01T00:00:05Z', 3)).toEqual([
      '2027-01-01T00:00:20.000Z',
      '2027-01-01T00:00:40.000Z',
      '2027-01-01T00:01:00.000Z',
    ])
  })

  test.each(['', 'x', '* * * *', '* * * * * * *', '60 * * * *', '0 24 * * *', '*/0 * * * *', '0 2 * * 8'])(
    'When it is "%s", then the error names it',
    (expression) => {
      expect(() => parseCron(expression)).toThrow(`the cron expression "${expression}" is invalid: `)
    },
  )

  test('When it matches no day at all, then there is no tick', () => {
    const never = parseCron('0 0 30 2 *')
    expect(never.next(Date.UTC(2027, 0, 1))).toBeNull()
    expect(never.last(Date.UTC(2027, 0, 1))).toBeNull()
  })
})

describe('the night on which summer time begins', () => {
  // At 02:00 the clocks go to 03:00: the times in between do not exist.
  test.each(['0 2 * * *', '30 2 * * *'])('When the schedule is "%s", then it runs at 03:00, once', (expression) => {
    expect(ticks(expression, '2027-03-27T12:00Z', 2)[0]).toBe('2027-03-28T01:00:00.000Z')
    expect(new Date(Date.parse('2027-03-28T01:00:00.000Z')).getHours()).toBe(3)
    expect(ticks(expression, '2027-03-27T12:00Z', 2)[1]).toMatch(/^2027-03-29/)
  })

  test('When the schedule is every half hour, then no tick is repeated or skipped', () => {
    expect(ticks('*/30 * * * *', '2027-03-28T00:10Z', 3)).toEqual([
      '2027-03-28T00:30:00.000Z',
      '2027-03-28T01:00:00.000Z',
      '2027-03-28T01:30:00.000Z',
    ])
  })
})

describe('the night on which summer time ends', () => {
  // At 03:00 the clocks go back to 02:00: the times in between come twice.
  test.each([
    ['0 2 * * *', '2026-10-25T00:00:00.000Z'],
    ['30 2 * * *', '2026-10-25T00:30:00.000Z'],
  ])('When the schedule is "%s", then it runs at the first of both times, once', (expression, first) => {
    const [night, next] = ticks(expression, '2026-10-24T12:00Z', 2)
    expect(night).toBe(first)
    expect(next).toMatch(/^2026-10-26/)
  })

  test('When the schedule is every half hour, then both hours have their ticks', () => {
    expect(ticks('*/30 * * * *', '2026-10-24T23:50Z', 5)).toEqual([
      '2026-10-25T00:00:00.000Z',
      '2026-10-25T00:30:00.000Z',
      '2026-10-25T01:00:00.000Z',
      '2026-10-25T01:30:00.000Z',
      '2026-10-25T02:00:00.000Z',
    ])
  })
})

describe('next and last', () => {
  test('When a time is a tick, then last returns it and next returns the one after, and one ms earlier last does not', () => {
    const schedule = parseCron('* * * * *')
    const tick = Date.UTC(2027, 0, 1, 12)
    expect([schedule.last(tick - 1), schedule.next(tick - 1)]).toEqual([tick - MINUTE, tick])
    expect([schedule.last(tick), schedule.next(tick)]).toEqual([tick, tick + MINUTE])
    expect([schedule.last(tick + 1), schedule.next(tick + 1)]).toEqual([tick, tick + MINUTE])
  })

  test('When the schedule is every second, then a few ms after a tick the last one is that tick', () => {
    const schedule = parseCron('* * * * * *')
    const tick = Date.UTC(2027, 0, 1, 12)
    for (const ms of [0, 1, 3, 500, 999]) expect(schedule.last(tick + ms)).toBe(tick)
  })

  test.each(['* * * * * *', '*/7 * * * * *', '*/5 * * * *', '0 2 * * *', '30 2 * * *', '15 3 * * 0'])(
    'When the schedule is "%s", then no tick is between last and next, at any time of either night',
    (expression) => {
      const schedule = parseCron(expression)
      const nights = [Date.UTC(2026, 9, 25, 1), Date.UTC(2027, 2, 28, 1)]
      const time = fc.tuple(fc.constantFrom(...nights), fc.integer({ min: -26 * HOUR, max: 26 * HOUR }))
      fc.assert(
        fc.property(time, ([night, offset]) => {
          const now = night + offset
          const [last, next] = [schedule.last(now) ?? Number.NaN, schedule.next(now) ?? Number.NaN]
          expect(last).toBeLessThanOrEqual(now)
          expect(next).toBeGreaterThan(now)
          expect(schedule.next(last)).toBe(next)
          expect(schedule.last(next)).toBe(next)
          expect(schedule.last(next - 1)).toBe(last)
        }),
      )
    },
  )
})
