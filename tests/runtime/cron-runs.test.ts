import { describe, expect, test } from 'vitest'
import { CronRuns, CronTicks, type TryLock } from '../../src/runtime/cron-runs'
import { waitFor } from '../support/wait-for'

/** A lock as Redis gives it: whoever comes first has it. Nobody's time runs out within a test. */
const sharedLock = (): { tryLock: TryLock; asked: [name: string, ms: number][] } => {
  const held = new Set<string>()
  const asked: [string, number][] = []
  const tryLock = async (name: string, ms: number) => {
    asked.push([name, ms])
    if (held.has(name)) return false
    held.add(name)
    return true
  }
  return { tryLock, asked }
}

const noRedis: TryLock = async () => {
  throw new Error('Redis is away')
}

/** A run that ends when the test says so. */
const heldRun = () => {
  const runs: string[] = []
  let end = () => {}
  const ended = new Promise<void>((resolve) => {
    end = resolve
  })
  const run = async (name: string) => {
    runs.push(name)
    await ended
  }
  return { runs, run, end: () => end() }
}

describe('cron ticks in this process', () => {
  test('run the step and give Motia no lock, so that it does not run it too', async () => {
    const { tryLock } = sharedLock()
    const { runs, run, end } = heldRun()
    const cron = new CronRuns(tryLock, run)
    expect(await cron.acquireLock('JsDeletionReaper')).toBeNull()
    expect(runs).toEqual(['JsDeletionReaper'])
    end()
  })

  test('of several instances run once, each step by itself', async () => {
    const { tryLock } = sharedLock()
    const { runs, run, end } = heldRun()
    const instances = Array.from({ length: 3 }, () => new CronRuns(tryLock, run))
    await Promise.all(instances.flatMap((cron) => [cron.acquireLock('Js'), cron.acquireLock('Py')]))
    expect(runs.toSorted()).toEqual(['Js', 'Py'])
    end()
  })

  test('belong to their instance for less than the minute to the next one', async () => {
    const { tryLock, asked } = sharedLock()
    await new CronRuns(tryLock, async () => {}).acquireLock('Js')
    expect(asked).toEqual([['Js', expect.any(Number)]])
    expect(asked[0]?.[1]).toBeLessThan(60_000)
    expect(asked[0]?.[1]).toBeGreaterThanOrEqual(10_000)
  })

  test('run all the same where Redis is away', async () => {
    const { runs, run, end } = heldRun()
    await new CronRuns(noRedis, run).acquireLock('Js')
    expect(runs).toEqual(['Js'])
    end()
  })

  test('that fail, in their promise or at once, disturb nobody, and the next one runs', async () => {
    let count = 0
    const cron = new CronRuns(noRedis, (name) => {
      count += 1
      if (name === 'Js') throw new Error('at once')
      return Promise.reject(new Error('later'))
    })
    for (const name of ['Js', 'Py', 'Js']) expect(await cron.acquireLock(name)).toBeNull()
    expect(count).toBe(3)
    await cron.shutdown()
    expect(await cron.getActiveLocks()).toEqual([])
  })

  test('that are under way are waited for by the stop', async () => {
    const { run, end } = heldRun()
    const cron = new CronRuns(noRedis, run)
    await cron.acquireLock('Js')
    expect(await cron.getActiveLocks()).toMatchObject([{ jobName: 'Js' }])
    let stopped = false
    const stop = cron.shutdown().then(() => {
      stopped = true
    })
    await new Promise(setImmediate)
    expect(stopped).toBe(false)
    end()
    await stop
    expect(await cron.getActiveLocks()).toEqual([])
  })
})

describe("cron ticks of Motia's own runner", () => {
  test('get a lock, which is known until it is released, and the stop waits for that', async () => {
    const cron = new CronTicks(sharedLock().tryLock)
    const lock = await cron.acquireLock('Js')
    if (!lock) throw new Error('There is no lock')
    expect(lock).toMatchObject({ jobName: 'Js', instanceId: String(process.pid) })
    expect(lock.expiresAt).toBeGreaterThan(lock.acquiredAt)
    let stopped = false
    void cron.shutdown().then(() => {
      stopped = true
    })
    await new Promise(setImmediate)
    expect(stopped).toBe(false)
    await cron.releaseLock(lock)
    await waitFor(() => stopped)
  })

  test('that another instance has taken get none', async () => {
    const { tryLock } = sharedLock()
    await new CronTicks(tryLock).acquireLock('Js')
    expect(await new CronTicks(tryLock).acquireLock('Js')).toBeNull()
  })
})
