import type { ApiRequest, Event, FlowContext, MotiaStream, Step, StepConfig } from 'motia'
import { MemoryStateAdapter, MemoryStreamAdapter } from 'motia'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { flushConsole } from '../../src/logging/console-lines'
import type { StepModule } from '../../src/steps/step-modules'
import { StepRunner, StepTimeoutError } from '../../src/steps/step-runner'
import { currentRun } from '../../src/steps/step-scope'
import { recordingFeed } from '../traces/recording-feed'

type Context = FlowContext<{ id?: string; topic: string; data: unknown }> & {
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

/** A runner with one step, and everything that the step causes. */
const makeRunner = (config: StepConfig, handler: Handler, middleware?: unknown) => {
  const step: Step = { filePath: FILE, version: '1', config }
  const emitted: Event<unknown>[] = []
  let refusal: Error | undefined
  const refuse = (error: Error) => {
    refusal = error
  }
  const { feed, written } = recordingFeed()
  const state = new MemoryStateAdapter()
  const stream = new MemoryStreamAdapter<unknown>('pets')
  let streamsMade = 0
  // `StepModule` has only what Motia knows about a handler: that it can be called. The step has the exact types.
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
        if (refusal) throw refusal
        emitted.push(sent)
      },
    },
    feed,
    handlerTimeout: 30,
  })
  return { runner, step, module, emitted, refuse, written, state, stream, streamsMade: () => streamsMade }
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
  test("When a request comes, then the handler gets it with Motia's context, and its response is returned", async () => {
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

  test('When the request has an API key, then its handler knows whose, and a job that it starts does not', async () => {
    const callers: unknown[] = []
    const job = makeRunner(event, async () => callers.push(currentRun().caller))
    const { runner, step } = makeRunner(api, async () => {
      callers.push(currentRun().caller)
      await job.runner.runEvent(job.step, {}, 'T')
      callers.push(currentRun().caller)
      return { status: 200, body: null }
    })
    await runner.runApi(step, request, 'T', 'alice')
    await runner.runApi(step, request, 'T')
    expect(callers).toEqual(['alice', undefined, 'alice', undefined, undefined, undefined])
    expect(currentRun()).toEqual({})
  })

  test('When it has middleware, then that runs in order, on the way in and on the way out', async () => {
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

  test('When its middleware responds itself, then the handler is not called', async () => {
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
  ])('When it %s, then the response is a bare 500, and the log and the trace hold the error', async (_, handler) => {
    const { runner, step, written } = makeRunner(api, handler)
    expect(await runner.runApi(step, request, 'T')).toEqual({ status: 500, body: { message: 'Internal server error' } })
    expect(printed()).toContain('[ERROR] JsCreatePet Step JsCreatePet failed')
    expect(printed()).toContain('secret')
    const { traces } = await written()
    expect(traces).toMatchObject([{ status: 'failed', error: { message: 'secret' } }])
  })

  test.each([undefined, null, 'text', {}, { status: '200' }, { body: {} }])(
    'When it returns %j, then the response is a 500',
    async (answer) => {
      const { runner, step } = makeRunner(api, async () => answer)
      expect(await runner.runApi(step, request, 'T')).toMatchObject({ status: 500 })
      expect(printed()).toContain('Step JsCreatePet returned no status')
    },
  )

  test('When it never returns, then the response is a 503 once its deadline has passed', async () => {
    vi.useFakeTimers()
    const { runner, step, written } = makeRunner(api, () => new Promise(() => {}))
    const answer = runner.runApi(step, request, 'T')
    await vi.advanceTimersByTimeAsync(30_000)
    expect(await answer).toEqual({ status: 503, body: { message: 'The request took too long' } })
    expect(printed()).toContain('Step JsCreatePet did not end within 30 s')
    expect((await written()).traces).toMatchObject([{ status: 'failed' }])
  })

  test('When its file is not loaded, then the response is a 500', async () => {
    const { runner, step } = makeRunner(api, async () => ({ status: 200, body: {} }))
    expect(await runner.runApi({ ...step, filePath: '/elsewhere' }, request, 'T')).toMatchObject({ status: 500 })
  })

  test('When its file is loaded again, then the next call runs the new version', async () => {
    const { runner, step, module } = makeRunner(api, async () => ({ status: 200, body: 'old' }))
    await runner.runApi(step, request, 'T')
    module.handler = async () => ({ status: 200, body: 'new' })
    expect(await runner.runApi(step, request, 'T')).toEqual({ status: 200, body: 'new' })
  })

  test('When it emits, then the events are sent with its trace and flows, and with the id that an outbox gave them', async () => {
    const { runner, step, emitted } = makeRunner(api, async (_, { emit }) => {
      await emit({ id: 'e1', topic: 'js.pet.created', data: { petId: '1' } })
      await emit({ topic: 'js.job.enqueued', data: { petId: '1' } })
      return { status: 200, body: {} }
    })
    await runner.runApi(step, request, 'TRACE-1')
    const sent = { data: { petId: '1' }, traceId: 'TRACE-1', flows: ['pets'] }
    expect(emitted).toEqual([
      { id: 'e1', topic: 'js.pet.created', ...sent },
      { topic: 'js.job.enqueued', ...sent },
    ])
  })

  test('When an event is refused, then its emit rejects, and the response is a 500 unless the step catches that', async () => {
    const { runner, step, refuse } = makeRunner(api, async (_, { emit }) => {
      await emit({ topic: 'js.pet.created', data: 1n })
      return { status: 200, body: {} }
    })
    refuse(new Error('no JSON'))
    expect(await runner.runApi(step, request, 'T')).toMatchObject({ status: 500 })
    expect(printed()).toContain('no JSON')
  })
})

describe('a topic that the step does not declare', () => {
  test('When the step emits it, then it is not sent, the log says so, and the step continues', async () => {
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

  test('When the step declares none at all, then it is not sent either', async () => {
    const { runner, step, emitted } = makeRunner({ ...api, emits: [] }, async (_, { emit }) => {
      await emit({ topic: 'any', data: 1 })
      return { status: 200, body: {} }
    })
    expect(await runner.runApi(step, request, 'T')).toMatchObject({ status: 200 })
    expect(emitted).toEqual([])
    expect(printed()).toContain('Topic any is not among the emits of JsCreatePet: the event was not sent')
  })
})

describe('an event step', () => {
  test('When an event comes, then the handler gets its data, and what it emits is sent', async () => {
    const seen: unknown[] = []
    const { runner, step, emitted } = makeRunner(event, async (input, { emit }) => {
      seen.push(input)
      await emit({ topic: 'js.job.completed', data: 1 })
    })
    await expect(runner.runEvent(step, { petId: '1' }, 'T')).resolves.toBeUndefined()
    expect(seen).toEqual([{ petId: '1' }])
    expect(emitted).toEqual([{ topic: 'js.job.completed', data: 1, traceId: 'T', flows: ['pets'] }])
  })

  test('When it has no timeout, then it may run as long as it needs', async () => {
    vi.useFakeTimers()
    const { infrastructure: _, ...config } = event
    let finish = () => {}
    const { runner, step } = makeRunner(config, () => new Promise<void>((resolve) => (finish = resolve)))
    const run = runner.runEvent(step, {}, 'T')
    await vi.advanceTimersByTimeAsync(60 * 60_000)
    finish()
    await expect(run).resolves.toBeUndefined()
  })

  test('When it fails, then the run rejects with its own error, for the queue to try again', async () => {
    const error = new Error('no')
    const { runner, step, written } = makeRunner(event, () => Promise.reject(error))
    await expect(runner.runEvent(step, {}, 'T')).rejects.toBe(error)
    expect(printed()).toContain('Step JsJob failed')
    expect((await written()).traces).toMatchObject([{ status: 'failed', error: { message: 'no' } }])
  })

  test('When it never ends, then the run rejects once its own timeout has passed', async () => {
    vi.useFakeTimers()
    const { runner, step } = makeRunner(event, () => new Promise(() => {}))
    const outcome = runner.runEvent(step, {}, 'T').catch((error) => error)
    await vi.advanceTimersByTimeAsync(20_000)
    expect(await outcome).toBeInstanceOf(StepTimeoutError)
  })
})

describe('a cron step', () => {
  test('When it is due, then the handler gets its context first, and what it emits is sent', async () => {
    const seen: unknown[] = []
    const { runner, step, emitted } = makeRunner(cron, async (...input) => {
      // A cron handler's input is its context.
      const [context, second] = input as unknown as [Context, unknown]
      seen.push(context.traceId, second)
      await context.emit({ topic: 'js.reaper.completed', data: {} })
    })
    await runner.runCron(step, 'TRACE-1')
    expect(seen).toEqual(['TRACE-1', undefined])
    expect(emitted).toMatchObject([{ topic: 'js.reaper.completed', traceId: 'TRACE-1' }])
  })

  test('When it takes an hour and fails, then the run rejects with its own error', async () => {
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
  test('When a step logs, emits and uses state and streams, then the trace contains that in order', async () => {
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

  test('When a step uses state and streams, then they are the real ones', async () => {
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

  test('When a step uses no stream, then none is created', async () => {
    const { runner, step, streamsMade } = makeRunner(api, async () => ({ status: 200, body: {} }))
    await runner.runApi(step, request, 'T')
    expect(streamsMade()).toBe(0)
  })
})
