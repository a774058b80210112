import { describe, expect, test } from 'vitest'
import type { Child } from '../../../../tests/support/child'
import { waitFor } from '../../../../tests/support/wait-for'
import { namesIn, type Plan, startEngineProcess, type Task } from './engine-process-plan'
import { beginTest, type MakeWorld, queueConfig } from './engine-world'

/** For a test that starts processes and stalls one for up to 15 s, in ms. */
const PATIENCE_MS = 45_000

const namesOf = (count: number, prefix: string) => Array.from({ length: count }, (_, index) => `${prefix}-${index}`)

const tasks = (names: string[], fields: Omit<Task, 'name'>) =>
  names.map((name) => ({ topic: 'job', data: { ...fields, name } }))

const allDone = (names: string[], ...children: Child[]) => {
  const done = new Set(namesIn('did', ...children))
  return names.every((name) => done.has(name))
}

/** What an engine promises if processes are killed, blocked or stopped. */
export const processPromises = (makeWorld: MakeWorld): void => {
  describe.concurrent('processes', () => {
    test(
      'When a server is killed with a backlog, then the next one handles all of it',
      async (context) => {
        const { world } = await beginTest(makeWorld, context)
        const subscribe = [
          { topic: 'job', step: 'Step', config: queueConfig({ concurrency: 3, maxRetries: 3, visibilityTimeout: 1 }) },
        ]
        const names = namesOf(60, 'task')
        const emit = tasks(names, { do: 'wait', ms: 50 })
        const killed = startEngineProcess({ ...world, subscribe, emit, endless: names.at(-1) })
        await killed.printed('ready')
        await killed.printed('did')
        await killed.stop('SIGKILL')
        expect(allDone(names, killed)).toBe(false)

        const next = startEngineProcess({ ...world, subscribe })
        await waitFor(() => allDone(names, killed, next), { timeout: 20_000, seen: next.output })
        await next.printed('idle')
        // At most those that were running when it was killed are done twice.
        expect(namesIn('did', killed, next).length).toBeLessThanOrEqual(names.length + 3)
      },
      PATIENCE_MS,
    )

    test(
      'When one of two servers is killed, then the other handles what it left, without a restart',
      async (context) => {
        const { world } = await beginTest(makeWorld, context)
        const subscribe = [
          { topic: 'job', step: 'Step', config: queueConfig({ concurrency: 2, maxRetries: 3, visibilityTimeout: 1 }) },
        ]
        const other = startEngineProcess({ ...world, subscribe })
        await other.printed('ready')
        const names = namesOf(40, 'task')
        const emit = tasks(names, { do: 'wait', ms: 100 })
        const killed = startEngineProcess({ ...world, subscribe, emit, endless: names.at(-1) })
        await killed.printed('ready')
        await killed.stop('SIGKILL')
        expect(allDone(names, killed)).toBe(false)
        await waitFor(() => allDone(names, killed, other), { timeout: 20_000, seen: other.output })
      },
      PATIENCE_MS,
    )

    test(
      'When a handler kills its process, then its message is a dead letter after its attempts, and the server stays up',
      async (context) => {
        const { world, open } = await beginTest(makeWorld, context)
        const config = queueConfig({ type: 'fifo', maxRetries: 1, visibilityTimeout: 1 })
        const start = (...emit: Plan['emit'] & {}) =>
          startEngineProcess({ ...world, subscribe: [{ topic: 'job', step: 'Step', config }], emit })
        // Not started: it only looks at the dead letters.
        const { deadLetters } = await open()
        const children = [
          start(...tasks(namesOf(5, 'before'), { do: 'wait', ms: 20 }), ...tasks(['poison'], { do: 'kill' })),
        ]
        const seen = () => children.map((child) => child.output())
        const deadLetter = await waitFor(
          async () => {
            const after = tasks([`after-${children.length}`], { do: 'wait', ms: 1 })
            if (!children.at(-1)?.isRunning()) children.push(start(...after))
            return (await deadLetters.list())[0]
          },
          { timeout: PATIENCE_MS - 5_000, what: 'the dead letter', seen },
        )
        expect(deadLetter).toMatchObject({ queue: 'job.Step', attempts: 2, event: { data: { name: 'poison' } } })
        const others = [...namesOf(5, 'before'), ...namesOf(children.length, 'after').slice(1)]
        await waitFor(() => allDone(others, ...children), { seen })
        expect(namesIn('began', ...children).filter((name) => name === 'poison')).toHaveLength(2)
        expect(children.at(-1)?.isRunning()).toBe(true)
        expect(await deadLetters.list()).toHaveLength(1)
      },
      PATIENCE_MS,
    )

    test(
      'When a handler blocks its process for 10 s, then nobody runs its message a second time',
      async (context) => {
        const { world } = await beginTest(makeWorld, context)
        const subscribe = [
          { topic: 'job', step: 'Step', config: queueConfig({ maxRetries: 3, visibilityTimeout: 30 }) },
        ]
        const other = startEngineProcess({ ...world, subscribe })
        await other.printed('ready')
        const emit = tasks(['long'], { do: 'block', ms: 10_000 })
        const blocked = startEngineProcess({ ...world, subscribe, emit })
        await Promise.any([blocked, other].map((child) => child.printed('began')))
        await waitFor(() => allDone(['long'], blocked, other), { timeout: 20_000 })
        for (const child of [blocked, other]) expect((await child.stop()).code, child.output()).toBe(0)
        expect(namesIn('began', blocked, other)).toEqual(['long'])
      },
      PATIENCE_MS,
    )

    test(
      'When a server is stopped for 15 s, then nothing is lost, and nothing is done twice',
      async (context) => {
        const { world } = await beginTest(makeWorld, context)
        const subscribe = [{ topic: 'job', step: 'Step', config: queueConfig({ concurrency: 2, maxRetries: 3 }) }]
        const [names, others] = [namesOf(30, 'task'), namesOf(10, 'other')]
        const stalled = startEngineProcess({ ...world, subscribe, emit: tasks(names, { do: 'wait', ms: 100 }) })
        await stalled.printed('ready')
        await stalled.printed('did')
        process.kill(stalled.pid, 'SIGSTOP')
        const stoppedAt = performance.now()
        const other = startEngineProcess({ ...world, subscribe, emit: tasks(others, { do: 'wait', ms: 10 }) })
        await other.printed('ready')
        await waitFor(() => allDone(others, other))
        await waitFor(() => performance.now() - stoppedAt > 15_000, { timeout: 16_000, what: 'the stall to be over' })
        const from = stalled.output().length
        process.kill(stalled.pid, 'SIGCONT')
        await stalled.printed('idle', { from })
        expect(namesIn('did', stalled, other).toSorted()).toEqual([...names, ...others].toSorted())
      },
      PATIENCE_MS,
    )
  })
}
