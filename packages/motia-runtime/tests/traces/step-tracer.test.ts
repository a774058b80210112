import type { Step } from 'motia'
import { expect, test } from 'vitest'
import { StepTracer } from '../../src/traces/step-tracer'
import { recordingFeed } from './recording-feed'

test('When a run logs without end, then its trace keeps the first events and says so', async () => {
  const { feed, written } = recordingFeed()
  const listeners: ((level: string, message: string) => void)[] = []
  const logger = { addListener: (listener: (typeof listeners)[number]) => void listeners.push(listener) }
  const step: Step = {
    filePath: 'steps/a.step.ts',
    version: '1',
    config: { type: 'noop', name: 'A', virtualEmits: [], virtualSubscribes: [] },
  }
  const tracer = new StepTracer(feed, 'T', step, logger)
  for (let count = 0; count < 5_000; count++) for (const listener of listeners) listener('info', `line ${count}`)
  await tracer.end()
  const [trace] = (await written()).traces
  expect(trace).toMatchObject({ status: 'completed' })
  expect(trace?.events).toHaveLength(1_001)
  expect(trace?.events.at(-2)).toMatchObject({ message: 'line 999' })
  expect(trace?.events.at(-1)).toMatchObject({ message: 'Only the first 1000 events of this run are kept' })
})
