import {
  type ApiRequest,
  type ApiResponse,
  type Emit,
  type EventAdapter,
  type InternalStateManager,
  isApiStep,
  isEventStep,
  type LockedData,
  type MotiaStream,
  type Step,
} from 'motia'
import { StepLogger } from './step-logger'
import type { StepModules } from './step-modules'
import { runInScope } from './step-scope'
import { StepTracer } from './step-tracer'
import type { WorkbenchFeed } from './workbench-feed'

type Call = (input: unknown, context: unknown) => unknown
type Middleware = (input: unknown, context: unknown, next: () => Promise<unknown>) => unknown

/** A step that did not end in the time it is given. */
export class StepTimeoutError extends Error {
  override readonly name = 'StepTimeoutError'

  constructor(step: string, seconds: number) {
    super(`Step ${step} did not end within ${seconds} s`)
  }
}

/** What the runner needs of the server it runs in. */
export interface StepRunnerOptions {
  modules: Pick<StepModules, 'step'>
  lockedData: Pick<LockedData, 'getStreams'>
  state: InternalStateManager
  events: Pick<EventAdapter, 'emit'>
  /** Emits and rejects unless the event is safely queued; for steps that can be run again. */
  emitSafely: EventAdapter['emit']
  feed: WorkbenchFeed
  /** How long an API handler may take, in seconds. */
  handlerTimeout: number
}

const topicOf = (emit: Emit): string => (typeof emit === 'string' ? emit : emit.topic)

/** Motia's rule (`isAllowedToEmit` in its core): a step emits what it declares; one that declares nothing is not checked. */
const mayEmit = (step: Step, topic: string): boolean => {
  const emits: Emit[] = 'emits' in step.config ? step.config.emits : []
  return emits.length === 0 || emits.some((emit) => topicOf(emit) === topic)
}

const isMiddlewareList = (value: unknown): value is Middleware[] =>
  Array.isArray(value) && value.every((entry) => typeof entry === 'function')

const middlewareOf = (config: unknown): Middleware[] => {
  const list = typeof config === 'object' && config !== null && 'middleware' in config ? config.middleware : []
  return isMiddlewareList(list) ? list : []
}

/** Runs steps in this process, each with the context that Motia's stock runner would give it. */
export class StepRunner {
  readonly #options: StepRunnerOptions

  constructor(options: StepRunnerOptions) {
    this.#options = options
  }

  /** Answers a request by an API step. A handler that fails is a 500, one that misses its deadline a 503; never rejects. */
  async runApi(step: Step, request: ApiRequest, traceId: string): Promise<ApiResponse<number, unknown>> {
    const { handlerTimeout } = this.#options
    const run = this.#begin(step, traceId)
    try {
      const response = await run.call(request, handlerTimeout)
      if (!isApiResponse(response)) throw new Error(`Step ${step.config.name} answered without a status`)
      run.tracer.end()
      return response
    } catch (error) {
      run.fail(error)
      return error instanceof StepTimeoutError
        ? { status: 503, body: { message: 'The request took too long' } }
        : { status: 500, body: { message: 'Internal server error' } }
    }
  }

  /** Hands an event to an event step; rejects with what the step threw, so that the queue tries again. */
  async runEvent(step: Step, data: unknown, traceId: string): Promise<void> {
    const run = this.#begin(step, traceId)
    try {
      const timeout = isEventStep(step) ? step.config.infrastructure?.handler?.timeout : undefined
      await run.call(data, timeout)
      run.tracer.end()
    } catch (error) {
      run.fail(error)
      throw error
    }
  }

  /** Runs a cron step; rejects with what it threw. */
  async runCron(step: Step, traceId: string): Promise<void> {
    const run = this.#begin(step, traceId)
    try {
      await run.call()
      run.tracer.end()
    } catch (error) {
      run.fail(error)
      throw error
    }
  }

  #begin(step: Step, traceId: string) {
    const { feed, state, lockedData } = this.#options
    const { name, flows = [] } = step.config
    const logger = new StepLogger(feed, traceId, name, flows)
    const tracer = new StepTracer(feed, traceId, step, logger)
    const context = {
      traceId,
      flows,
      logger,
      get state() {
        return tracedState(state, tracer)
      },
      get streams() {
        return tracedStreams(lockedData, tracer)
      },
      emit: (event: { topic: string; data: unknown }) => this.#emit(step, event, traceId, logger, tracer),
    }
    return {
      tracer,
      call: (...[input, timeout]: [input?: unknown, timeout?: number]): Promise<unknown> => {
        const module = this.#options.modules.step(step.filePath)
        if (!module) throw new Error(`Step ${name} is not loaded`)
        // A cron handler takes its context first; Motia's runner calls it so.
        const isCron = step.config.type === 'cron'
        const handler: Call = isCron ? () => module.handler(context) : module.handler
        const chain = middlewareOf(module.config).reduceRight<() => Promise<unknown>>(
          (next, middleware) => async () => middleware(input, context, next),
          async () => handler(input, context),
        )
        const deadline =
          timeout === undefined ? undefined : { ms: timeout * 1000, error: () => new StepTimeoutError(name, timeout) }
        return runInScope(name, chain, deadline)
      },
      fail: (error: unknown) => {
        logger.error(`Step ${name} failed`, { error })
        const { message, stack } = error instanceof Error ? error : new Error(String(error))
        tracer.end({ message, stack })
      },
    }
  }

  async #emit(
    step: Step,
    { topic, data }: { topic: string; data: unknown },
    traceId: string,
    logger: StepLogger,
    tracer: StepTracer,
  ): Promise<void> {
    const isDeclared = mayEmit(step, topic)
    tracer.emitOperation(topic, data, isDeclared)
    if (!isDeclared) {
      logger.error(`Topic ${topic} is not among the emits of ${step.config.name}: the event was not sent`, { topic })
      return
    }
    const { events, emitSafely } = this.#options
    const event = { topic, data, traceId, flows: step.config.flows }
    await (isApiStep(step) ? events.emit(event) : emitSafely(event))
  }
}

const isApiResponse = (value: unknown): value is ApiResponse<number, unknown> =>
  typeof value === 'object' && value !== null && 'status' in value && typeof value.status === 'number'

const tracedState = (state: InternalStateManager, tracer: StepTracer): InternalStateManager => ({
  get: (groupId, key) => {
    tracer.stateOperation('get', { traceId: groupId, key })
    return state.get(groupId, key)
  },
  set: (groupId, key, value) => {
    tracer.stateOperation('set', { traceId: groupId, key, value })
    return state.set(groupId, key, value)
  },
  delete: (groupId, key) => {
    tracer.stateOperation('delete', { traceId: groupId, key })
    return state.delete(groupId, key)
  },
  getGroup: (groupId) => {
    tracer.stateOperation('getGroup', { groupId })
    return state.getGroup(groupId)
  },
  clear: (groupId) => {
    tracer.stateOperation('clear', { traceId: groupId })
    return state.clear(groupId)
  },
})

/** The project's streams by name, each made on first use. */
const tracedStreams = (
  lockedData: StepRunnerOptions['lockedData'],
  tracer: StepTracer,
): Record<string, MotiaStream<unknown>> => {
  const streams: Record<string, MotiaStream<unknown>> = {}
  for (const [name, factory] of Object.entries(lockedData.getStreams())) {
    Object.defineProperty(streams, name, { enumerable: true, get: () => tracedStream(name, factory(), tracer) })
  }
  return streams
}

const tracedStream = (name: string, stream: MotiaStream<unknown>, tracer: StepTracer): MotiaStream<unknown> => ({
  get: (groupId, id) => {
    tracer.streamOperation(name, 'get', { groupId, id })
    return stream.get(groupId, id)
  },
  set: (groupId, id, data) => {
    tracer.streamOperation(name, 'set', { groupId, id, data })
    return stream.set(groupId, id, data)
  },
  delete: (groupId, id) => {
    tracer.streamOperation(name, 'delete', { groupId, id })
    return stream.delete(groupId, id)
  },
  getGroup: (groupId) => {
    tracer.streamOperation(name, 'getGroup', { groupId })
    return stream.getGroup(groupId)
  },
  send: (channel, event) => {
    tracer.streamOperation(name, 'send', { channel, event })
    return stream.send(channel, event)
  },
})
