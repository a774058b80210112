import {
  type ApiRequest,
  type ApiResponse,
  type Emit,
  type InternalStateManager,
  isEventStep,
  type LockedData,
  type Step,
} from 'motia'
import type { EngineEvents } from '../engine/engine'
import { StepLogger } from '../logging/step-logger'
import { StepTracer } from '../traces/step-tracer'
import { NO_TRACER, type Tracing, tracedState, tracedStreams } from '../traces/traced-context'
import type { WorkbenchFeed } from '../traces/workbench-feed'
import type { StepModules } from './step-modules'
import { runInScope } from './step-scope'

type Call = (input: unknown, context: unknown) => unknown
type Middleware = (input: unknown, context: unknown, next: () => Promise<unknown>) => unknown

/** Thrown if a step does not end in time. */
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
  events: Pick<EngineEvents, 'emit'>
  feed: WorkbenchFeed
  /** How long an API handler may take, in seconds. */
  handlerTimeout: number
}

const topicOf = (emit: Emit): string => (typeof emit === 'string' ? emit : emit.topic)

/**
 * Returns whether a step declares the topic. Motia (`isAllowedToEmit` in its core) does not check a step that declares
 * none.
 */
const mayEmit = (step: Step, topic: string): boolean => {
  const emits: Emit[] = 'emits' in step.config ? step.config.emits : []
  return emits.some((emit) => topicOf(emit) === topic)
}

const isMiddlewareList = (value: unknown): value is Middleware[] =>
  Array.isArray(value) && value.every((entry) => typeof entry === 'function')

const middlewareOf = (config: unknown): Middleware[] => {
  const list = typeof config === 'object' && config !== null && 'middleware' in config ? config.middleware : []
  return isMiddlewareList(list) ? list : []
}

/** Runs steps in this process, each with the context that Motia's stock runner would give it. */
export class StepRunner {
  constructor(private readonly options: StepRunnerOptions) {}

  /**
   * Runs an API step for a request and returns the response: a 500 if the handler fails, a 503 if it misses its
   * deadline. Never rejects. `caller` is the name of the request's API key.
   */
  async runApi(
    step: Step,
    request: ApiRequest,
    traceId: string,
    caller?: string,
  ): Promise<ApiResponse<number, unknown>> {
    const { handlerTimeout } = this.options
    const run = this.#begin(step, traceId)
    try {
      const response = await run.call(request, handlerTimeout, caller)
      if (!isApiResponse(response)) throw new Error(`Step ${step.config.name} returned no status`)
      run.tracer.end()
      return response
    } catch (error) {
      run.fail(error)
      return error instanceof StepTimeoutError
        ? { status: 503, body: { message: 'The request took too long' } }
        : { status: 500, body: { message: 'Internal server error' } }
    }
  }

  /** Runs an event step. Rejects with the step's error, so that the queue tries again. */
  runEvent(step: Step, data: unknown, traceId: string): Promise<void> {
    const timeout = isEventStep(step) ? step.config.infrastructure?.handler?.timeout : undefined
    return this.#runJob(step, traceId, data, timeout)
  }

  /** Runs a cron step. Rejects with its error. */
  runCron(step: Step, traceId: string): Promise<void> {
    return this.#runJob(step, traceId)
  }

  async #runJob(step: Step, traceId: string, data?: unknown, timeout?: number): Promise<void> {
    const run = this.#begin(step, traceId)
    try {
      await run.call(data, timeout)
      run.tracer.end()
    } catch (error) {
      run.fail(error)
      throw error
    }
  }

  #begin(step: Step, traceId: string) {
    const { feed, state, lockedData } = this.options
    const { name, flows = [] } = step.config
    const logger = new StepLogger(feed, traceId, name, flows)
    const tracer: Tracing = feed.isOn ? new StepTracer(feed, traceId, step, logger) : NO_TRACER
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
      emit: (event: EmittedEvent) => this.#emit(step, event, traceId, logger, tracer),
    }
    return {
      tracer,
      call: (input?: unknown, timeout?: number, caller?: string): Promise<unknown> => {
        const module = this.options.modules.step(step.filePath)
        if (!module) throw new Error(`Step ${name} is not loaded`)
        // A cron handler gets its context as the first argument, as in Motia's runner.
        const isCron = step.config.type === 'cron'
        const handler: Call = isCron ? () => module.handler(context) : module.handler
        const chain = middlewareOf(module.config).reduceRight<() => Promise<unknown>>(
          (next, middleware) => async () => middleware(input, context, next),
          async () => handler(input, context),
        )
        const deadline =
          timeout === undefined ? undefined : { ms: timeout * 1000, error: () => new StepTimeoutError(name, timeout) }
        return runInScope(name, chain, deadline, { traceId, caller })
      },
      fail: (error: unknown) => {
        logger.error(`Step ${name} failed`, { error })
        const { message, stack } = error instanceof Error ? error : new Error(String(error))
        tracer.end({ message, stack })
      },
    }
  }

  async #emit(step: Step, event: EmittedEvent, traceId: string, logger: StepLogger, tracer: Tracing): Promise<void> {
    const { id, topic, data } = event
    const { name, flows } = step.config
    const isDeclared = mayEmit(step, topic)
    tracer.emitOperation(topic, data, isDeclared)
    if (!isDeclared) {
      logger.error(`Topic ${topic} is not among the emits of ${name}: the event was not sent`, { topic })
      return
    }
    await this.options.events.emit({ id, topic, data, traceId, flows })
  }
}

/** The argument of `emit`. It has an `id` if an outbox owes the event. */
interface EmittedEvent {
  id?: string
  topic: string
  data: unknown
}

const isApiResponse = (value: unknown): value is ApiResponse<number, unknown> =>
  typeof value === 'object' && value !== null && 'status' in value && typeof value.status === 'number'
