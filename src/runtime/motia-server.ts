import { relative } from 'node:path'
import { RedisStateAdapter } from '@motiadev/adapter-redis-state'
import { RedisStreamAdapterManager } from '@motiadev/adapter-redis-streams'
import type { Express, RequestHandler } from 'express'
import type { Redis } from 'ioredis'
import { createServer, type Event, type LockedData, type MotiaServer, NoPrinter, Printer, type Step } from 'motia'
import type { RedisClientType } from 'redis'
import { answerBy } from './answer'
import { BullMqEvents } from './bullmq-events'
import { CronRuns, CronTicks } from './cron-runs'
import { describeDouble, findStepFiles, readStep, StepRegistry } from './project-steps'
import { RedisFeed } from './redis-feed'
import { redisRunSigns } from './redis-run-signs'
import { RunRelay } from './run-relay'
import { StepLogger } from './step-logger'
import { StepModules } from './step-modules'
import { StepRunner } from './step-runner'
import { StepTracer } from './step-tracer'
import { newTraceId } from './trace-id'
import { within } from './within'
import { WorkbenchFeed } from './workbench-feed'

/** How long a tick of a cron step waits for Redis to tell whose it is, in ms. */
const LOCK_PATIENCE_MS = 5_000

/** What the server needs. */
export interface MotiaServerOptions {
  /** The project's folder, absolute. */
  root: string
  /** Whether steps run in this process; Motia's stock runner spawns a process for each call. */
  isInProcess: boolean
  isProduction: boolean
  /** How long an API handler may take in this process, in seconds. */
  handlerTimeout: number
  /** How many traces, and how many log lines, are kept for the Workbench; 0 keeps none. */
  traceLimit: number
  /** Motia's connection to Redis, and BullMQ's, which must have `maxRetriesPerRequest: null`. */
  redis: { client: RedisClientType; queues: Redis }
  /** What the names of all queues begin with. */
  queuePrefix: string
  /** Is called when Redis is back after it was away. */
  onRedisBack: () => void
  /** Modules beside the steps that the server itself uses, to be shared with them. Paths relative to `root`. */
  sharedModules: string[]
  /** Is called before Motia registers anything. `answer` runs an API step in this process; null where Motia shall. */
  configureApp: (app: Express, parts: ServerParts) => void
}

/** What `configureApp` gets to work with. */
export interface ServerParts {
  lockedData: LockedData
  modules: StepModules
  events: BullMqEvents
  answer: ((step: Step) => RequestHandler) | null
}

/** Motia's server with the project's steps, not yet listening. */
export interface ComposedServer extends Omit<ServerParts, 'answer'> {
  motiaServer: MotiaServer
  /** Lets cron runs and jobs end, and sends what waits for the Workbench. */
  close(): Promise<void>
}

/**
 * Puts Motia's server together as its `dev` and `start` commands do, with adapters of our own for events, cron, logs and
 * traces, and lets the steps run in this process where it is told to.
 */
export const createMotiaServer = async (options: MotiaServerOptions): Promise<ComposedServer> => {
  const { root, isInProcess, isProduction, redis, traceLimit, handlerTimeout } = options
  const stepFiles = findStepFiles(root)
  const sharedFiles = options.sharedModules.map((file) => `${root}/${file}`)
  const modules = await StepModules.load(root, stepFiles, sharedFiles)

  const streamAdapter = new RedisStreamAdapterManager(redis.client)
  const printer = isProduction ? quietPrinter() : new Printer(root)
  const lockedData = new StepRegistry(root, streamAdapter, printer, redis.client)
  for (const file of stepFiles) {
    const step = readStep(modules, file)
    const double = describeDouble(root, step, lockedData.getActiveSteps())
    if (double) throw new Error(`${relative(root, file)}: ${double}`)
    if (!lockedData.createStep(step, { disableTypeCreation: true })) throw new Error(`${file} has no valid config`)
  }
  if (!isProduction) lockedData.saveTypes()

  const stepNamed = (name: string): Step => {
    const step = lockedData.getActiveSteps().find(({ config }) => config.name === name)
    if (!step) throw new Error(`There is no step ${name}`)
    return step
  }
  const events: BullMqEvents = new BullMqEvents({
    connection: redis.queues,
    prefix: options.queuePrefix,
    route: (stepName, stockHandler) =>
      isInProcess
        ? (event) => runner.runEvent(stepNamed(stepName), event.data, event.traceId)
        : (event) => logFailure(feed, stepNamed(stepName), event, stockHandler),
    onBack: options.onRedisBack,
  })
  const state = new RedisStateAdapter(redis.client)
  const tryLock = async (name: string, ms: number): Promise<boolean> => {
    const taken = redis.client.set(`motia:cron:lock:${name}`, String(process.pid), { NX: true, PX: ms })
    return (await within(taken, LOCK_PATIENCE_MS, () => new Error('Redis is silent'))) === 'OK'
  }
  const cronAdapter = isInProcess
    ? new CronRuns(
        tryLock,
        (name) => runner.runCron(stepNamed(name), newTraceId()),
        new RunRelay(redisRunSigns(redis.client)),
      )
    : new CronTicks(tryLock)

  const motiaServer = createServer(
    lockedData,
    state,
    { isVerbose: true, printer },
    { eventAdapter: events, cronAdapter },
    (app) => {
      const answer = isInProcess ? (step: Step) => answerBy(runner, step) : null
      options.configureApp(app, { lockedData, modules, events, answer })
    },
  )
  const isWatched = () => motiaServer.socketServer.clients.size > 0
  const feed = new WorkbenchFeed(new RedisFeed(lockedData, traceLimit, isWatched), traceLimit)
  const runner: StepRunner = new StepRunner({
    modules,
    lockedData,
    state,
    events,
    emitSafely: (event) => events.emitSafely(event),
    feed,
    handlerTimeout,
  })

  // Both runners log and trace through the feed: neither waits for Redis, and both print the same lines.
  motiaServer.motia.loggerFactory.create = ({ stepName, traceId, flows = [] }) =>
    new StepLogger(feed, traceId, stepName, flows)
  const newTracer = async (traceId: string, step: Step, logger: StepLogger) =>
    new StepTracer(feed, traceId, step, logger)
  Object.assign(motiaServer.motia.tracerFactory, { createTracer: newTracer, attachToTrace: newTracer })

  return {
    motiaServer,
    lockedData,
    modules,
    events,
    close: async () => {
      await motiaServer.close()
      await feed.flush()
      await modules.close()
    },
  }
}

/** The stock runner says nothing of an event step that fails; the queue only sees the rejection. */
const logFailure = async (
  feed: WorkbenchFeed,
  step: Step,
  event: Event<unknown>,
  handler: (event: Event<unknown>) => void | Promise<void>,
): Promise<void> => {
  try {
    await handler(event)
  } catch (error) {
    const { name, flows = [] } = step.config
    new StepLogger(feed, event.traceId, name, flows).error(`Step ${name} failed`, { error })
    throw error
  }
}

/** In production Motia's printer says nothing but this: an event that is not sent is an error of the step's author. */
const quietPrinter = (): NoPrinter =>
  Object.assign(new NoPrinter(), {
    printInvalidEmit: ({ config }: Step, topic: string) =>
      console.error(`Topic ${topic} is not among the emits of ${config.name}: the event was not sent`),
  })
