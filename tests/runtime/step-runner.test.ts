import type { ApiRequest, Event, FlowContext, MotiaStream, Step, StepConfig } from 'motia'
import { MemoryStateAdapter, MemoryStreamAdapter } from 'motia'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { flushConsole } from '../../src/runtime/console-lines'
import type { StepModule } from '../../src/runtime/step-modules'
import { StepRunner, StepTimeoutError } from '../../src/runtime/step-runner'
import { recordingFeed } from './recording-feed'

type Context = FlowContext<{ topic: string; data: unknown }> & {
  flows: string[]
  streams: Record<string, MotiaStream<unknown>>
}

/** A handler as a step file exports it, of any type of step. */
type Handler = (...input: [input: ApiRequest, context: Context]) => unknown

const FILE = '/project/steps/a.step.ts'

const api: StepConfig = {
  ...{ type: 'api', name: 'JsCreatePet', path: '/js/pets', method: 'POST', flows: ['pets'] },
  emits: ['js.pet.created', { topic: 'js.job.enqueued', label: 'queues the job' }],
}
const event: StepConfig = {
  ...{ type: 'event', name: 'JsJob', subscribes: ['js.job.enqueued'], emits: ['js.job.completed'], flows: ['pets'] },
  infrastructure: { handler: { timeout: 20 } },
}
const cron: StepConfig = { type: 'cron', name: 'JsReaper', cron: '0 2 * * *', emits: ['js.reaper.completed'] }

const request: ApiRequest = {
  ...{ pathParams: { id: '1' }, queryParams: {}, headers: {}, body: { name: 'Rex' }, rawBody: '{"name":"Rex"}' },
}

/** A runner with one step, and all that the step brings about. */
const makeRunner = (config: StepConfig, handler: Handler, middleware?: unknown) => {
  const step: Step = { filePath: FILE, version: '1', config }
  const emitted: Event<unknown>[] = []
  const emittedSafely: Event<unknown>[] = []
  const { feed, written } = recordingFeed()
  const state = new MemoryStateAdapter()
  const stream = new MemoryStreamAdapter<unknown>('pets')
  let streamsMade = 0
  // `StepModule` is what Motia knows of a handler: that it can be called. Its types are the step's own business.
  const module: StepModule = { config: { ...config, middleware }, handler: handler as StepModule['handler'] }
  const runner = new StepRunner({
    modules: { step: (file) => (file === FILE ? module : undefined) },
    lockedData: {
      getStreams: () => ({
        pets: () => {
          streamsMade += 1
          return stream
        },
      }),
    },
    state,
    events: {
      emit: async (sent) => {
        emitted.push(sent)
      },
    },
    emitSafely: async (sent) => {
      emittedSafely.push(sent)
    },
    feed,
    handlerTimeout: 30,
  })
  return { runner, step, module, emitted, emittedSafely, written, state, stream, streamsMade: () => streamsMade }
}

let output: string

beforeEach(() => {
  output = ''
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    output += text
    return true
  })
})

afterEach(() => {
  flushConsole()
  vi.restoreAllMocks()
  vi.useRealTimers()
})

const printed = () => {
  flushConsole()
  return output
}

describe('an API step', () => {
  test("is given the request and Motia's context, and what it answers is the answer", async () => {
    const seen: unknown[] = []
    const answer = { status: 201, body: { id: '1' }, headers: { 'x-pet': 'Rex' } }
    const { runner, step } = makeRunner(api, async (input, context) => {
      seen.push(input, Object.keys(context).sort(), context.traceId, context.flows)
      return answer
    })
    expect(await runner.runApi(step, request, 'TRACE-1')).toBe(answer)
    const keys = ['emit', 'flows', 'logger', 'state', 'streams', 'traceId']
    expect(seen).toEqual([request, keys, 'TRACE-1', ['pets']])
  })

  test('goes through its middleware in order, the way in and the way out', async () => {
    const order: string[] = []
    const layer = (name: string) => async (_: unknown, context: Context, next: () => Promise<object>) => {
      order.push(`${name} in ${context.traceId}`)
      const answer = await next()
      order.push(`${name} out`)
      return { ...answer, headers: { by: name } }
    }
    const handler = async () => {
      order.push('handler')
      return { status: 200, body: null }
    }
    const { runner, step } = makeRunner(api, handler, [layer('outer'), layer('inner')])
    const answer = await runner.runApi(step, request, 'T')
    expect(order).toEqual(['outer in T', 'inner in T', 'handler', 'inner out', 'outer out'])
    expect(answer).toEqual({ status: 200, body: null, headers: { by: 'outer' } })
  })

  test('whose middleware answers itself is not called', async () => {
    const handler = vi.fn()
    const { runner, step } = makeRunner(api, handler, [async () => ({ status: 403, body: {} })])
    expect(await runner.runApi(step, request, 'T')).toEqual({ status: 403, body: {} })
    expect(handler).not.toHaveBeenCalled()
  })

  test.each<[what: string, handler: Handler]>([
    ['rejects', () => Promise.reject(new Error('secret'))],
    [
      'throws',
      () => {
        throw new Error('secret')
      },
    ],
    ['rejects with a text', () => Promise.reject('secret')],
  ])('that %s is a bare 500, and the log and the trace hold the error', async (_, handler) => {
    const { runner, step, written } = makeRunner(api, handler)
    expect(await runner.runApi(step, request, 'T')).toEqual({ status: 500, body: { message: 'Internal server error' } })
    expect(printed()).toContain('[ERROR] JsCreatePet Step JsCreatePet failed')
    expect(printed()).toContain('secret')
    const { traces } = await written()
    expect(traces).toMatchObject([{ status: 'failed', error: { message: 'secret' } }])
  })

  test.each([undefined, null, 'text', {}, { status: '200' }, { body: {} }])(
    'that answers %j is a 500',
    async (answer) => {
      const { runner, step } = makeRunner(api, async () => answer)
      expect(await runner.runApi(step, request, 'T')).toMatchObject({ status: 500 })
      expect(printed()).toContain('Step JsCreatePet answered without a status')
    },
  )

  test('that never answers is a 503 once its deadline has passed', async () => {
    vi.useFakeTimers()
    const { runner, step, written } = makeRunner(api, () => new Promise(() => {}))
    const answer = runner.runApi(step, request, 'T')
    await vi.advanceTimersByTimeAsync(30_000)
    expect(await answer).toEqual({ status: 503, body: { message: 'The request took too long' } })
    expect(printed()).toContain('Step JsCreatePet did not end within 30 s')
    expect((await written()).traces).toMatchObject([{ status: 'failed' }])
  })

  test('that is not loaded is a 500', async () => {
    const { runner, step } = makeRunner(api, async () => ({ status: 200, body: {} }))
    expect(await runner.runApi({ ...step, filePath: '/elsewhere' }, request, 'T')).toMatchObject({ status: 500 })
  })

  test('runs its latest version: a reload counts from the next call on', async () => {
    const { runner, step, module } = makeRunner(api, async () => ({ status: 200, body: 'old' }))
    await runner.runApi(step, request, 'T')
    module.handler = async () => ({ status: 200, body: 'new' })
    expect(await runner.runApi(step, request, 'T')).toEqual({ status: 200, body: 'new' })
  })

  test('emits by the way that does not wait for a Redis that is away', async () => {
    const { runner, step, emitted, emittedSafely } = makeRunner(api, async (_, { emit }) => {
      await emit({ topic: 'js.pet.created', data: { petId: '1' } })
      await emit({ topic: 'js.job.enqueued', data: { petId: '1' } })
      return { status: 200, body: {} }
    })
    await runner.runApi(step, request, 'TRACE-1')
    const sent = { data: { petId: '1' }, traceId: 'TRACE-1', flows: ['pets'] }
    expect(emitted).toEqual([
      { topic: 'js.pet.created', ...sent },
      { topic: 'js.job.enqueued', ...sent },
    ])
    expect(emittedSafely).toEqual([])
  })
})

describe('a topic that the step does not declare', () => {
  test('is not sent, the log says so, and the step goes on', async () => {
    const { runner, step, emitted, written } = makeRunner(api, async (_, { emit }) => {
      await emit({ topic: 'ts.pet.created', data: 1 })
      return { status: 200, body: {} }
    })
    expect(await runner.runApi(step, request, 'T')).toMatchObject({ status: 200 })
    expect(emitted).toEqual([])
    expect(printed()).toContain('Topic ts.pet.created is not among the emits of JsCreatePet: the event was not sent')
    const { traces } = await written()
    expect(traces[0]?.events).toMatchObject([
      { type: 'emit', topic: 'ts.pet.created', success: false },
      { type: 'log' },
    ])
  })

  test("is sent where the step declares none at all, as by Motia's own runner", async () => {
    const { runner, step, emitted } = makeRunner({ ...api, emits: [] }, async (_, { emit }) => {
      await emit({ topic: 'any', data: 1 })
      return { status: 200, body: {} }
    })
    await runner.runApi(step, request, 'T')
    expect(emitted).toHaveLength(1)
  })
})

describe('an event step', () => {
  test('is given the data, and emits by the way that rejects unless the event is queued', async () => {
    const seen: unknown[] = []
    const { runner, step, emitted, emittedSafely } = makeRunner(event, async (input, { emit }) => {
      seen.push(input)
      await emit({ topic: 'js.job.completed', data: 1 })
    })
    await expect(runner.runEvent(step, { petId: '1' }, 'T')).resolves.toBeUndefined()
    expect(seen).toEqual([{ petId: '1' }])
    expect(emittedSafely).toEqual([{ topic: 'js.job.completed', data: 1, traceId: 'T', flows: ['pets'] }])
    expect(emitted).toEqual([])
  })

  test('that fails rejects with its own error, for the queue to try again', async () => {
    const error = new Error('no')
    const { runner, step, written } = makeRunner(event, () => Promise.reject(error))
    await expect(runner.runEvent(step, {}, 'T')).rejects.toBe(error)
    expect(printed()).toContain('Step JsJob failed')
    expect((await written()).traces).toMatchObject([{ status: 'failed', error: { message: 'no' } }])
  })

  test('that never ends fails once its own timeout has passed', async () => {
    vi.useFakeTimers()
    const { runner, step } = makeRunner(event, () => new Promise(() => {}))
    const outcome = runner.runEvent(step, {}, 'T').catch((error) => error)
    await vi.advanceTimersByTimeAsync(20_000)
    expect(await outcome).toBeInstanceOf(StepTimeoutError)
  })
})

describe('a cron step', () => {
  test('is given its context first, and emits by the way that rejects unless the event is queued', async () => {
    const seen: unknown[] = []
    const { runner, step, emittedSafely } = makeRunner(cron, async (...input) => {
      // A cron handler's input is its context.
      const [context, second] = input as unknown as [Context, unknown]
      seen.push(context.traceId, second)
      await context.emit({ topic: 'js.reaper.completed', data: {} })
    })
    await runner.runCron(step, 'TRACE-1')
    expect(seen).toEqual(['TRACE-1', undefined])
    expect(emittedSafely).toHaveLength(1)
  })

  test('that fails rejects with its own error, and may take as long as it needs', async () => {
    vi.useFakeTimers()
    const error = new Error('no')
    let fail = (_: Error) => {}
    const { runner, step } = makeRunner(cron, () => new Promise((_, reject) => (fail = reject)))
    const outcome = runner.runCron(step, 'T').catch((reason) => reason)
    await vi.advanceTimersByTimeAsync(60 * 60_000)
    fail(error)
    expect(await outcome).toBe(error)
  })
})

describe('the trace of a run', () => {
  test('holds its logs, emits, state and streams, in their order', async () => {
    const { runner, step, written } = makeRunner(api, async (_, { emit, logger, state, streams }) => {
      logger.info('🐾 Pet created', { petId: '1' })
      await state.set('group', 'key', 'value')
      await emit({ topic: 'js.pet.created', data: { petId: '1' } })
      await streams.pets?.set('group', 'id', { name: 'Rex' })
      return { status: 201, body: {} }
    })
    await runner.runApi(step, request, 'TRACE-1')
    const { groups, traces, logs } = await written()
    expect(groups).toEqual([{ id: 'TRACE-1', name: 'JsCreatePet', startTime: expect.any(Number) }])
    expect(traces).toMatchObject([
      {
        ...{ name: 'JsCreatePet', parentTraceId: 'TRACE-1', status: 'completed' },
        entryPoint: { type: 'api', stepName: 'JsCreatePet' },
        events: [
          { type: 'log', level: 'info', message: '🐾 Pet created', metadata: { petId: '1' } },
          { type: 'state', operation: 'set', data: { traceId: 'group', key: 'key', value: 'value' } },
          { type: 'emit', topic: 'js.pet.created', success: true, data: { petId: '1' } },
          { type: 'stream', streamName: 'pets', operation: 'set', data: { groupId: 'group', id: 'id' } },
        ],
      },
    ])
    expect(logs).toMatchObject([{ msg: '🐾 Pet created', petId: '1', step: 'JsCreatePet', traceId: 'TRACE-1' }])
  })

  test('state and streams are the real ones', async () => {
    const { runner, step, state, stream } = makeRunner(api, async (_, { state: given, streams }) => {
      await given.set('group', 'key', 'value')
      await streams.pets?.set('group', 'id', { name: 'Rex' })
      return { status: 200, body: [await given.get('group', 'key'), await given.getGroup('group')] }
    })
    const { body } = await runner.runApi(step, request, 'T')
    expect(body).toEqual(['value', ['value']])
    expect(await state.get('group', 'key')).toBe('value')
    expect(await stream.get('group', 'id')).toMatchObject({ name: 'Rex' })
  })

  test('a step that uses no stream has none made', async () => {
    const { runner, step, streamsMade } = makeRunner(api, async () => ({ status: 200, body: {} }))
    await runner.runApi(step, request, 'T')
    expect(streamsMade()).toBe(0)
  })
})
