import type { CronConfig, Step } from 'motia'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { CronScheduler, type CronSchedulerOptions } from '../../src/cron/cron-scheduler'
import { FakeLeases } from './fake-leases'

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** Local time, as cron expressions are. */
const NOON = new Date(2022, 0, 3, 12).getTime()

const stepOf = (cron: string, name = 'Reaper'): Step<CronConfig> => ({
  filePath: `steps/${name}.cron.step.ts`,
  version: '1',
  config: { type: 'cron', name, cron, emits: [] },
})

const schedulers: CronScheduler[] = []

/** A scheduler, and the times at which it ran its steps. */
const makeScheduler = (options: Partial<CronSchedulerOptions> = {}) => {
  const { leases = new FakeLeases(), run, now } = options
  const ran: number[] = []
  const scheduler = new CronScheduler({
    leases,
    run: async (step) => {
      ran.push(Date.now())
      await run?.(step)
    },
    ...(now && { now }),
  })
  schedulers.push(scheduler)
  return { scheduler, ran }
}

/** A run that lasts until it is told to end. */
const slowRun = () => {
  let end = () => {}
  const ended = new Promise<void>((resolve) => {
    end = resolve
  })
  return { run: () => ended, end: () => end() }
}

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms)

beforeEach(() => {
  vi.useFakeTimers({ now: NOON })
  vi.spyOn(console, 'info').mockImplementation(() => {})
  vi.spyOn(console, 'info').mockImplementation(() => {})
  vi.spyOn(console, 'error').mockImplementation(() => {})
})

afterEach(async () => {
  const closing = schedulers.splice(0).map((scheduler) => scheduler.close())
  await pass(2 * SECOND)
  await Promise.all(closing)
  expect(vi.getTimerCount()).toBe(0)
  vi.restoreAllMocks()
  vi.useRealTimers()
})

describe('a schedule', () => {
  test('When a tick comes, then the step runs at that time, and again at each tick after it', async () => {
    const leases = new FakeLeases()
    const { scheduler, ran } = makeScheduler({ leases })
    scheduler.createCronJob(stepOf('*/10 * * * *'))
    await pass(30 * MINUTE)
    expect(ran).toEqual([10, 20, 30].map((minutes) => NOON + minutes * MINUTE))
    expect(leases.ended).toEqual(ran)
  })

  test('When it has a tick every second, then it runs every second', async () => {
    const { scheduler, ran } = makeScheduler()
    scheduler.createCronJob(stepOf('* * * * * *'))
    await pass(10 * SECOND)
    expect(ran).toEqual(Array.from({ length: 10 }, (_, index) => NOON + (index + 1) * SECOND))
  })

  test('When two servers share the leases and one wakes a few ms late, then each second has one run', async () => {
    const leases = new FakeLeases()
    const coarseClock = () => Math.floor(Date.now() / 10) * 10 + 7
    const { scheduler: one, ran: first } = makeScheduler({ leases })
    const { scheduler: other, ran: second } = makeScheduler({ leases, now: coarseClock })
    await pass(100)
    one.createCronJob(stepOf('* * * * * *'))
    other.createCronJob(stepOf('* * * * * *'))
    await pass(10 * SECOND)
    expect([...first, ...second]).toHaveLength(10)
    expect(leases.ended).toEqual(Array.from({ length: 10 }, (_, index) => NOON + (index + 1) * SECOND))
  })

  test('When the next tick is far away, then the clock is still checked', async () => {
    const { scheduler, ran } = makeScheduler()
    scheduler.createCronJob(stepOf('0 2 * * *'))
    await pass(DAY)
    expect(ran).toEqual([NOON + 14 * HOUR])
  })

  test('When its expression is invalid, then the error names it, and the previous schedule stays', async () => {
    const { scheduler, ran } = makeScheduler()
    scheduler.createCronJob(stepOf('* * * * *'))
    expect(() => scheduler.createCronJob(stepOf('every night'))).toThrow('"every night"')
    await pass(MINUTE)
    expect(ran).toHaveLength(1)
  })

  test('When a step is scheduled again, then only the new schedule counts', async () => {
    const { scheduler, ran } = makeScheduler()
    scheduler.createCronJob(stepOf('* * * * *'))
    scheduler.createCronJob(stepOf('*/5 * * * *'))
    await pass(10 * MINUTE)
    expect(ran).toEqual([NOON + 5 * MINUTE, NOON + 10 * MINUTE])
  })

  test('When a step is removed, then it no longer runs, and the others still do', async () => {
    const { scheduler, ran } = makeScheduler()
    scheduler.createCronJob(stepOf('* * * * *', 'One'))
    scheduler.createCronJob(stepOf('* * * * *', 'Other'))
    scheduler.removeCronJob(stepOf('* * * * *', 'One'))
    await pass(2 * MINUTE)
    expect(ran).toHaveLength(2)
  })
})

describe('a clock that jumps', () => {
  test('When the machine sleeps through a tick, then the step runs for that tick within 5 s of waking', async () => {
    const leases = new FakeLeases()
    const { scheduler, ran } = makeScheduler({ leases })
    scheduler.createCronJob(stepOf('0 13 * * *'))
    await pass(MINUTE)
    // Timers do not go on while a machine sleeps.
    vi.setSystemTime(NOON + 3 * HOUR)
    await pass(5 * SECOND)
    expect(ran).toHaveLength(1)
    expect(leases.ended).toEqual([NOON + HOUR])
    await pass(HOUR)
    expect(ran).toHaveLength(1)
  })

  test('When it sleeps through many ticks, then only the last of them runs', async () => {
    const leases = new FakeLeases()
    const { scheduler, ran } = makeScheduler({ leases })
    scheduler.createCronJob(stepOf('*/10 * * * *'))
    vi.setSystemTime(NOON + 3 * HOUR + MINUTE)
    await pass(5 * SECOND)
    expect(ran).toHaveLength(1)
    expect(leases.ended).toEqual([NOON + 3 * HOUR])
  })

  test('When it is set back, then the next tick is that of the new time', async () => {
    const { scheduler, ran } = makeScheduler()
    scheduler.createCronJob(stepOf('0 * * * *'))
    vi.setSystemTime(NOON - 3 * HOUR + 10 * MINUTE)
    await pass(HOUR)
    expect(ran).toEqual([NOON - 2 * HOUR])
  })

  test('When it is set back over a tick that was run, then that tick does not run again', async () => {
    const { scheduler, ran } = makeScheduler()
    scheduler.createCronJob(stepOf('0 13 * * *'))
    await pass(HOUR + MINUTE)
    expect(ran).toHaveLength(1)
    vi.setSystemTime(NOON + 30 * MINUTE)
    await pass(2 * HOUR)
    expect(ran).toHaveLength(1)
  })

  test('When a time service corrects it by a few ms, then no tick is repeated or skipped', async () => {
    const leases = new FakeLeases()
    const { scheduler, ran } = makeScheduler({ leases })
    scheduler.createCronJob(stepOf('* * * * *'))
    await pass(MINUTE)
    vi.setSystemTime(Date.now() - 200)
    await pass(MINUTE + 200)
    expect(ran).toHaveLength(2)
    expect(leases.ended).toEqual([NOON + MINUTE, NOON + 2 * MINUTE])
  })
})

describe('several servers', () => {
  test('When another server has run the tick, then it does not run here', async () => {
    const leases = new FakeLeases()
    leases.markDone('Reaper', NOON + MINUTE)
    const { scheduler, ran } = makeScheduler({ leases })
    scheduler.createCronJob(stepOf('* * * * *'))
    await pass(MINUTE)
    expect(ran).toEqual([])
    await pass(MINUTE)
    expect(ran).toEqual([NOON + 2 * MINUTE])
  })

  test('When another server runs the tick to its end, then it does not run here', async () => {
    const leases = new FakeLeases()
    const other = await leases.begin('Reaper', NOON + HOUR)
    const { scheduler, ran } = makeScheduler({ leases })
    scheduler.createCronJob(stepOf('0 13 * * *'))
    await pass(HOUR + 5 * SECOND)
    if (typeof other !== 'string') await other.end()
    await pass(MINUTE)
    expect(ran).toEqual([])
  })

  test('When another server dies while it runs the tick, then it runs here within a second or two', async () => {
    const leases = new FakeLeases()
    await leases.begin('Reaper', NOON + HOUR)
    const { scheduler, ran } = makeScheduler({ leases })
    scheduler.createCronJob(stepOf('0 13 * * *'))
    await pass(HOUR + 5 * SECOND)
    expect(ran).toEqual([])
    leases.free('Reaper')
    await pass(2 * SECOND)
    expect(ran).toHaveLength(1)
    expect(leases.ended).toEqual([NOON + HOUR])
    expect(console.info).toHaveBeenCalledWith(expect.stringContaining('Reaper'))
  })

  test('When the leases do not respond at the tick, then it runs once they do', async () => {
    const leases = new FakeLeases()
    leases.failure = new Error('Redis is away')
    const warn = vi.spyOn(console, 'warn').mockReturnValue()
    const { scheduler, ran } = makeScheduler({ leases })
    scheduler.createCronJob(stepOf('0 13 * * *'))
    await pass(HOUR + MINUTE)
    expect(ran).toEqual([])
    expect(warn.mock.calls).toEqual([
      ['Step Reaper is due but waits, because its lease cannot be taken (Redis is away)'],
    ])
    leases.failure = null
    await pass(2 * SECOND)
    expect(ran).toHaveLength(1)
  })
})

describe('a run', () => {
  test('When it fails, then its tick counts as run, and the next one runs', async () => {
    const leases = new FakeLeases()
    const { scheduler, ran } = makeScheduler({ leases, run: () => Promise.reject(new Error('no')) })
    scheduler.createCronJob(stepOf('* * * * *'))
    await pass(2 * MINUTE)
    expect(ran).toHaveLength(2)
    expect(leases.ended).toEqual(ran)
  })

  test('When it takes longer than the interval, then the ticks that come meanwhile are skipped', async () => {
    const { run, end } = slowRun()
    const { scheduler, ran } = makeScheduler({ run })
    scheduler.createCronJob(stepOf('* * * * *'))
    await pass(4 * MINUTE)
    expect(ran).toEqual([NOON + MINUTE])
    end()
    await pass(MINUTE)
    expect(ran).toEqual([NOON + MINUTE, NOON + 5 * MINUTE])
  })

  test('When its end cannot be recorded, then that is logged, and the next tick runs', async () => {
    const leases = new FakeLeases()
    const begin = leases.begin.bind(leases)
    vi.spyOn(leases, 'begin').mockImplementationOnce(async (...tick) => {
      const begun = await begin(...tick)
      if (typeof begun === 'string') return begun
      leases.free('Reaper')
      return { ...begun, end: () => Promise.reject(new Error('The disk is full')) }
    })
    const { scheduler, ran } = makeScheduler({ leases })
    scheduler.createCronJob(stepOf('* * * * *'))
    await pass(2 * MINUTE)
    expect(ran).toHaveLength(2)
    expect(console.error).toHaveBeenCalledOnce()
  })

  test('When its step is removed meanwhile, then it ends as if nothing had happened', async () => {
    const leases = new FakeLeases()
    const { run, end } = slowRun()
    const { scheduler } = makeScheduler({ leases, run })
    scheduler.createCronJob(stepOf('* * * * *'))
    await pass(MINUTE)
    scheduler.removeCronJob(stepOf('* * * * *'))
    end()
    await pass(0)
    expect(leases.ended).toEqual([NOON + MINUTE])
  })
})

describe('makeUp', () => {
  test('When no server was up at the last tick, then it runs at the start, once', async () => {
    const leases = new FakeLeases()
    const lastNight = NOON - 10 * HOUR
    leases.markDone('Reaper', lastNight - 2 * DAY)
    const { scheduler, ran } = makeScheduler({ leases })
    scheduler.createCronJob(stepOf('0 2 * * *'))

    await scheduler.makeUp()
    await pass(HOUR)

    expect(ran).toEqual([NOON])
    expect(leases.ended.at(-1)).toBe(lastNight)
    expect(console.info).toHaveBeenCalledWith(expect.stringContaining(new Date(lastNight).toISOString()))
  })

  test('When two servers start at once, then the missed tick runs on one of them', async () => {
    const leases = new FakeLeases()
    leases.markDone('Reaper', NOON - 3 * DAY)
    const servers = [makeScheduler({ leases }), makeScheduler({ leases })]
    for (const { scheduler } of servers) scheduler.createCronJob(stepOf('0 2 * * *'))
    await Promise.all(servers.map(({ scheduler }) => scheduler.makeUp()))
    await pass(HOUR)
    expect(servers.flatMap(({ ran }) => ran)).toHaveLength(1)
  })

  test('When the last tick was run, then nothing runs', async () => {
    const leases = new FakeLeases()
    leases.markDone('Reaper', NOON - 10 * HOUR)
    const { scheduler, ran } = makeScheduler({ leases })
    scheduler.createCronJob(stepOf('0 2 * * *'))
    await scheduler.makeUp()
    await pass(HOUR)
    expect(ran).toEqual([])
    expect(console.info).not.toHaveBeenCalled()
  })

  test.each([
    ['the step was never run', null],
    ['the leases do not respond', new Error('Redis is away')],
  ])('When %s, then nothing runs before the next tick', async (_, failure) => {
    const leases = new FakeLeases()
    leases.failure = failure
    const { scheduler, ran } = makeScheduler({ leases })
    scheduler.createCronJob(stepOf('0 2 * * *'))
    await scheduler.makeUp()
    await pass(HOUR)
    expect(ran).toEqual([])
  })
})

describe('close', () => {
  test('When a run is under way, then close waits for its end', async () => {
    const leases = new FakeLeases()
    const { run, end } = slowRun()
    const { scheduler } = makeScheduler({ leases, run })
    scheduler.createCronJob(stepOf('* * * * *'))
    await pass(MINUTE)
    let isClosed = false
    const closing = scheduler.close().then(() => {
      isClosed = true
    })
    await pass(10 * SECOND)
    expect(isClosed).toBe(false)
    end()
    await closing
    expect(leases.ended).toEqual([NOON + MINUTE])
  })

  test('When it is closed, then no further tick runs', async () => {
    const { scheduler, ran } = makeScheduler()
    scheduler.createCronJob(stepOf('* * * * *'))
    await scheduler.close()
    await pass(HOUR)
    expect(ran).toEqual([])
  })

  test('When it is closed while another server runs the tick, then that server keeps it', async () => {
    const leases = new FakeLeases()
    await leases.begin('Reaper', NOON + MINUTE)
    const { scheduler, ran } = makeScheduler({ leases })
    scheduler.createCronJob(stepOf('* * * * *'))
    await pass(MINUTE + SECOND)
    const closing = scheduler.close()
    await pass(2 * SECOND)
    await closing
    expect(ran).toEqual([])
    expect(leases.held.get('Reaper')).toBe(NOON + MINUTE)
  })

  test('When it gets a lease while it is closing, then it releases the lease', async () => {
    const leases = new FakeLeases()
    let answer = () => {}
    const begin = leases.begin.bind(leases)
    vi.spyOn(leases, 'begin').mockImplementation(async (...tick) => {
      await new Promise<void>((resolve) => {
        answer = resolve
      })
      return begin(...tick)
    })
    const { scheduler, ran } = makeScheduler({ leases })
    scheduler.createCronJob(stepOf('* * * * *'))
    await pass(MINUTE)
    const closing = scheduler.close()
    answer()
    await closing
    expect(ran).toEqual([])
    expect(leases.held.size).toBe(0)
    expect(leases.ended).toEqual([])
  })
})
