import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { onStopSignal } from '../../src/server/stop-signals'

const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const

let listeners: Map<string, NodeJS.SignalsListener>
let parent: number
const stop = vi.fn()

beforeEach(() => {
  vi.useFakeTimers()
  listeners = new Map()
  vi.spyOn(process, 'on').mockImplementation((name, listener) => {
    listeners.set(String(name), listener)
    return process
  })
  parent = 4711
  vi.spyOn(process, 'ppid', 'get').mockImplementation(() => parent)
  stop.mockClear()
})

afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
  vi.unstubAllEnvs()
})

const send = (signal: (typeof SIGNALS)[number]): void => listeners.get(signal)?.(signal)

test.each(SIGNALS)('When %s comes, then the process is asked to stop', (signal) => {
  onStopSignal(stop)
  send(signal)
  expect(stop).toHaveBeenCalledTimes(1)
})

test('When npm repeats the Ctrl-C of a terminal, then both count as one request, and a later Ctrl-C as a second one', () => {
  onStopSignal(stop)
  send('SIGINT')
  vi.advanceTimersByTime(20)
  send('SIGINT')
  expect(stop).toHaveBeenCalledTimes(1)
  vi.advanceTimersByTime(300)
  send('SIGINT')
  expect(stop).toHaveBeenCalledTimes(2)
})

describe.skipIf(process.platform === 'win32')('When the parent process ends', () => {
  const endParent = (script: string | undefined): void => {
    vi.stubEnv('npm_lifecycle_script', script)
    onStopSignal(stop)
    vi.advanceTimersByTime(10_000)
    expect(stop).not.toHaveBeenCalled()
    parent = 1
    vi.advanceTimersByTime(1_000)
  }

  test.each(['motia-runtime start', 'motia-runtime dev -p 4000', "'motia'"])(
    'and it was the shell of the npm script "%s", then the process is asked to stop, once',
    (script) => {
      endParent(script)
      vi.advanceTimersByTime(10_000)
      expect(stop).toHaveBeenCalledTimes(1)
    },
  )

  test.each([
    undefined,
    'motia-runtime start &',
    'nohup motia-runtime start &',
    'setsid -f motia-runtime start',
    'vitest',
  ])('and the npm script is "%s", then the process goes on', (script) => {
    endParent(script)
    expect(stop).not.toHaveBeenCalled()
  })

  test('after a signal, then it is not a second request', () => {
    vi.stubEnv('npm_lifecycle_script', 'motia-runtime start')
    onStopSignal(stop)
    send('SIGTERM')
    parent = 1
    vi.advanceTimersByTime(1_000)
    expect(stop).toHaveBeenCalledTimes(1)
  })
})
