import { type MockInstance, onTestFinished, vi } from 'vitest'
import type { TestRedis } from '../../../../../tests/support/redis'
import { type BullMqEngineOptions, createBullMqEngine } from '../../../src/engine/bullmq/bullmq-engine'
import type { Engine } from '../../../src/engine/engine'
import { stopEngine } from '../engine-world'

let count = 0

/** Returns a prefix that no other test of the file uses. */
export const newPrefix = (): string => {
  count += 1
  return `test-${count}`
}

/** Opens an engine that is stopped after the test. */
export const openTestEngine = async (
  redis: TestRedis,
  { prefix = newPrefix(), app = 'test', traceLimit = 100 }: Partial<BullMqEngineOptions> = {},
): Promise<Engine> => {
  const engine = await createBullMqEngine({ redisUrl: redis.url, prefix, app, traceLimit })
  onTestFinished(() => stopEngine(engine))
  return engine
}

/** Returns the lines that the test's process logs from now on, instead of printing them. */
export const recordConsole = (): string[] => {
  const lines: string[] = []
  const spies: MockInstance[] = (['info', 'warn', 'error'] as const).map((method) =>
    vi.spyOn(console, method).mockImplementation((...words) => {
      lines.push(words.join(' '))
    }),
  )
  onTestFinished(() => {
    for (const spy of spies) spy.mockRestore()
  })
  return lines
}
