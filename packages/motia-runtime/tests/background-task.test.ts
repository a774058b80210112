import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { BackgroundTask } from '../src/background-task'

const TIMES = { quietMs: 50, latestMs: 1_000, retryMs: 500 }

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

/** A task that takes `ms`, and the times at which it began, from the start of the test. */
const makeTask = (ms = 0) => {
  const startedAt = performance.now()
  const runs: number[] = []
  const task = new BackgroundTask(async () => {
    runs.push(Math.round(performance.now() - startedAt))
    if (ms > 0) await new Promise((resolve) => setTimeout(resolve, ms))
  }, TIMES)
  return { task, runs }
}

describe('a background task', () => {
  test('when nobody requests it, then it does not run', async () => {
    const { runs } = makeTask()
    await vi.advanceTimersByTimeAsync(10_000)
    expect(runs).toEqual([])
  })

  test('when it is urgent, then it runs once there have been no requests for a while', async () => {
    const { task, runs } = makeTask()
    task.ask(true)
    await vi.advanceTimersByTimeAsync(30)
    task.ask(true)
    await vi.advanceTimersByTimeAsync(10_000)
    expect(runs).toEqual([80])
  })

  test('when requests do not pause, then it runs at the latest possible time after the first request, repeatedly', async () => {
    const { task, runs } = makeTask()
    const asking = setInterval(() => task.ask(true), 10)
    await vi.advanceTimersByTimeAsync(3_500)
    clearInterval(asking)
    expect(runs).toEqual([1_010, 2_020, 3_030])
  })

  test('when no request is urgent, then it runs at the latest possible time, or earlier once an urgent one comes', async () => {
    const { task, runs } = makeTask()
    task.ask(false)
    await vi.advanceTimersByTimeAsync(2_000)
    expect(runs).toEqual([1_000])
    task.ask(false)
    await vi.advanceTimersByTimeAsync(100)
    task.ask(true)
    await vi.advanceTimersByTimeAsync(2_000)
    expect(runs).toEqual([1_000, 2_150])
  })

  test('when it takes long, then it uses at most a fifth of the time', async () => {
    const { task, runs } = makeTask(1_000)
    const asking = setInterval(() => task.ask(true), 10)
    await vi.advanceTimersByTimeAsync(12_000)
    clearInterval(asking)
    expect(runs).toEqual([1_010, 6_010, 11_010])
  })

  test('when it is requested while it runs, then it runs once more', async () => {
    const { task, runs } = makeTask(100)
    task.ask(true)
    await vi.advanceTimersByTimeAsync(100)
    task.ask(true)
    await vi.advanceTimersByTimeAsync(10_000)
    expect(runs).toEqual([50, 550])
  })

  test('when it fails, then it is retried after a while until it succeeds', async () => {
    const run = vi
      .fn()
      .mockRejectedValueOnce(new Error('a'))
      .mockRejectedValueOnce(new Error('b'))
      .mockResolvedValue(undefined)
    const task = new BackgroundTask(run, TIMES)
    task.ask(true)
    await vi.advanceTimersByTimeAsync(550)
    expect(run).toHaveBeenCalledTimes(1)
    await vi.advanceTimersByTimeAsync(10_000)
    expect(run).toHaveBeenCalledTimes(3)
  })

  test('when it is stopped, then the stop waits for the current run, and no other run begins', async () => {
    const { task, runs } = makeTask(100)
    task.ask(true)
    await vi.advanceTimersByTimeAsync(60)
    let isStopped = false
    void task.stop().then(() => {
      isStopped = true
    })
    task.ask(true)
    await vi.advanceTimersByTimeAsync(50)
    expect(isStopped).toBe(false)
    await vi.advanceTimersByTimeAsync(10_000)
    expect(isStopped).toBe(true)
    expect(runs).toEqual([50])
  })
})
