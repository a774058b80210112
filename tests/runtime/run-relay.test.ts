import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { CronRuns } from '../../src/runtime/cron-runs'
import { RunRelay, type RunSigns } from '../../src/runtime/run-relay'

beforeEach(() => {
  vi.useFakeTimers()
})

afterEach(() => {
  vi.useRealTimers()
})

/** Signs as Redis keeps them, and a lock that only the first gets. */
const shared = () => {
  const keys = new Map<string, { value: 'lives' | 'ended'; until: number }>()
  const stateOf = (name: string) => {
    const key = keys.get(name)
    return key && key.until > Date.now() ? key.value : undefined
  }
  const set = (value: 'lives' | 'ended') => async (name: string, ms: number) => {
    keys.set(name, { value, until: Date.now() + ms })
  }
  const signs: RunSigns = {
    live: set('lives'),
    end: set('ended'),
    takeOver: async (name, ms) => {
      const state = stateOf(name)
      if (state) return state
      await set('lives')(name, ms)
      return 'taken'
    },
  }
  let isTaken = false
  const tryLock = async () => {
    const isOurs = !isTaken
    isTaken = true
    return isOurs
  }
  return { signs, tryLock }
}

/** An instance whose runs end when it is told to. */
const instance = ({ signs, tryLock }: ReturnType<typeof shared>) => {
  const runs: string[] = []
  let end = () => {}
  let isAlive = true
  // A killed process gives no more signs, not even that of its end.
  const own: RunSigns = {
    live: async (name, ms) => isAlive && signs.live(name, ms),
    end: async (name, ms) => isAlive && signs.end(name, ms),
    takeOver: async (name, ms) => (isAlive ? signs.takeOver(name, ms) : 'ended'),
  }
  const run = (name: string) => {
    runs.push(name)
    return new Promise<void>((resolve) => {
      end = resolve
    })
  }
  const cron = new CronRuns(tryLock, run, new RunRelay(own))
  return {
    runs,
    cron,
    end: () => end(),
    kill: () => {
      isAlive = false
    },
  }
}

test('a run that ends well is run by nobody else, however long it takes', async () => {
  const common = shared()
  const [first, second, third] = [instance(common), instance(common), instance(common)]
  for (const { cron } of [first, second, third]) await cron.acquireLock('Js')
  await vi.advanceTimersByTimeAsync(120_000)
  first.end()
  await vi.advanceTimersByTimeAsync(120_000)
  expect([first.runs, second.runs, third.runs]).toEqual([['Js'], [], []])
  expect(vi.getTimerCount()).toBe(0)
})

test('a run whose instance is killed goes on in one of the others, within seconds', async () => {
  const warn = vi.spyOn(console, 'warn').mockReturnValue()
  const common = shared()
  const [first, second, third] = [instance(common), instance(common), instance(common)]
  for (const { cron } of [first, second, third]) await cron.acquireLock('Js')
  await vi.advanceTimersByTimeAsync(5_000)
  first.kill()
  await vi.advanceTimersByTimeAsync(16_000)
  expect([...second.runs, ...third.runs]).toEqual(['Js'])
  expect(warn).toHaveBeenCalledTimes(1)
  for (const { end } of [second, third]) end()
  await vi.advanceTimersByTimeAsync(60_000)
  expect([...second.runs, ...third.runs]).toEqual(['Js'])
  warn.mockRestore()
})

test('an instance that stops takes nothing over', async () => {
  const common = shared()
  const [first, second] = [instance(common), instance(common)]
  for (const { cron } of [first, second]) await cron.acquireLock('Js')
  await second.cron.shutdown()
  first.kill()
  await vi.advanceTimersByTimeAsync(60_000)
  expect(second.runs).toEqual([])
})
