import type { RequestListener } from 'node:http'
import type { Express } from 'express'
import {
  type Config,
  createServer,
  type Event,
  type EventAdapter,
  isCronStep,
  type LockedData,
  type MotiaServer,
  NoPrinter,
  type Step,
} from 'motia'
import type { z } from 'zod'
import { LeasedCronAdapter } from '../cron/cron-adapter'
import { parseCron } from '../cron/cron-schedule'
import { CronScheduler } from '../cron/cron-scheduler'
import { type Engine, type EngineEvents, type EventHandler, untyped } from '../engine/engine'
import type { Handler } from '../http/handler'
import { tellTraceId } from '../http/routes'
import { StepLogger } from '../logging/step-logger'
import type { Metrics } from '../metrics/metrics'
import { answerBy } from '../steps/answer'
import type { Project } from '../steps/project'
import type { Service } from '../steps/put-into-service'
import { StepRunner } from '../steps/step-runner'
import { newTraceId } from '../steps/trace-id'
import { JoinedPages } from '../traces/joined-pages'
import { StepTracer } from '../traces/step-tracer'
import { WorkbenchFeed } from '../traces/workbench-feed'
import { EngineRegistry } from './engine-registry'

/** The parts and options of the server. */
export interface MotiaServerOptions {
  /** The project's folder, absolute. */
  root: string
  engine: Engine
  project: Project
  /** Whether steps run in this process. Otherwise Motia's stock runner starts a process for each call. */
  isInProcess: boolean
  isProduction: boolean
  /** Who may open a WebSocket for streams. */
  streamAuth: Config['streamAuth']
  /** How long an API handler may take in this process, in seconds. */
  handlerTimeout: number
  /** How many traces, and how many log lines, are kept for the Workbench. 0 keeps none. */
  traceLimit: number
  /** Times jobs and cron runs. */
  metrics: Metrics | undefined
  /** Returns the schema of each topic's data, for `types.d.ts`. */
  topics: () => Record<string, z.ZodType>
  /**
   * Called before Motia registers anything. Returns the server's listener. `answer` runs an API step in this process;
   * null if Motia runs it.
   */
  configureApp: (app: Express, parts: ServerParts) => RequestListener
}

/** What `configureApp` gets. */
export interface ServerParts {
  lockedData: LockedData
  answer: ((step: Step) => Handler) | null
}

/** Motia's server with the project's steps, not yet listening. */
export interface ComposedServer {
  motiaServer: MotiaServer
  lockedData: LockedData
  /** Registers and removes cron steps while the server runs. */
  cronJobs: Service['server']['cronManager']
  /** Runs missed cron ticks. */
  start(): Promise<void>
  /** Waits for cron runs and jobs, and writes pending traces and log lines. */
  close(): Promise<void>
}

/**
 * Creates Motia's server as its `dev` and `start` commands do, with the engine's adapters and our own cron, logs and
 * traces. The steps run in this process if `isInProcess`.
 */
export const createMotiaServer = (options: MotiaServerOptions): ComposedServer => {
  const { root, engine, project, isInProcess, isProduction, traceLimit, handlerTimeout, metrics } = options
  const printer = quietPrinter()
  const { topics, streamAuth } = options
  const lockedData = new EngineRegistry(root, printer, engine, { isProduction, hasOwnCron: isInProcess, topics })
  lockedData.setStreamAuthConfig(streamAuth)
  for (const step of project.steps) lockedData.createStep(step, { disableTypeCreation: true })
  for (const stream of project.streams) lockedData.createStream(stream, { disableTypeCreation: true })
  if (!isProduction) lockedData.saveTypes()

  const stepNamed = (name: string): Step => {
    const step = lockedData.getActiveSteps().find(({ config }) => config.name === name)
    if (!step) throw new Error(`Step ${name} does not exist`)
    return step
  }
  const feed = new WorkbenchFeed(engine.feed, traceLimit)
  const runner = new StepRunner({
    modules: project.modules,
    lockedData,
    state: engine.state,
    events: engine.events,
    feed,
    handlerTimeout,
  })
  const route = (topic: string, stepName: string, stockHandler: EventHandler): EventHandler => {
    const routed: EventHandler = isInProcess
      ? (event) => runner.runEvent(stepNamed(stepName), event.data, event.traceId)
      : (event) => logFailure(feed, stepNamed(stepName), event, stockHandler)
    return metrics?.timeJobs(topic, stepName, routed) ?? routed
  }
  let listener: RequestListener | undefined
  const motiaServer = createServer(
    lockedData,
    engine.state,
    { isVerbose: true, printer },
    {
      eventAdapter: routedEvents(engine.events, route),
      cronAdapter: new LeasedCronAdapter(engine.leases, (name) => lastTickOf(stepNamed(name))),
    },
    (app) => {
      const answer = isInProcess ? (step: Step) => answerBy(runner, step) : null
      listener = options.configureApp(app, { lockedData, answer })
    },
  )
  if (listener) motiaServer.server.off('request', motiaServer.app).on('request', listener)
  const pages = new JoinedPages(motiaServer.socketServer)
  engine.attachWorkbench({
    getStreams: () => lockedData.getStreams(),
    isWatched: () => !isProduction && motiaServer.socketServer.clients.size > 0,
    sendAll: (streamName, groupId) => pages.sendAll(streamName, groupId),
  })
  const runCron = (step: Step) => runner.runCron(step, newTraceId())
  const scheduler = new CronScheduler({
    leases: engine.leases,
    run: (step) => (metrics ? metrics.timeCron(step.config.name, () => runCron(step)) : runCron(step)),
  })
  if (isInProcess) {
    for (const step of lockedData.getActiveSteps().filter(isCronStep)) scheduler.createCronJob(step)
  }

  recordIn(feed, motiaServer)
  return {
    motiaServer,
    lockedData,
    cronJobs: isInProcess ? scheduler : motiaServer.cronManager,
    start: () => scheduler.makeUp(),
    close: async () => {
      await scheduler.close()
      await motiaServer.close()
      await feed.flush()
    },
  }
}

/** Returns Motia's event adapter with an engine's events, and with each step's handler replaced by that from `route`. */
const routedEvents = (
  events: EngineEvents,
  route: (topic: string, stepName: string, stockHandler: EventHandler) => EventHandler,
): EventAdapter => ({
  emit: (event) => events.emit(event),
  subscribe: (topic, stepName, handler, config) =>
    events.subscribe(topic, stepName, route(topic, stepName, untyped(handler)), config),
  unsubscribe: (handle) => events.unsubscribe(handle),
  shutdown: () => events.shutdown(),
  getSubscriptionCount: (topic) => events.getSubscriptionCount(topic),
  listTopics: () => events.listTopics(),
})

/** Makes both runners log and trace through the feed, so that neither waits for the engine and their lines are alike. */
const recordIn = (feed: WorkbenchFeed, { motia }: MotiaServer): void => {
  motia.loggerFactory.create = ({ stepName, traceId, flows = [] }) => {
    tellTraceId(traceId)
    return new StepLogger(feed, traceId, stepName, flows)
  }
  const newTracer = async (traceId: string, step: Step, logger: StepLogger) =>
    new StepTracer(feed, traceId, step, logger)
  Object.assign(motia.tracerFactory, { createTracer: newTracer, attachToTrace: newTracer })
}

const lastTickOf = (step: Step): number =>
  (isCronStep(step) ? parseCron(step.config.cron).last(Date.now()) : null) ?? Date.now()

/** Logs the failure of an event step, which the stock runner does not do. */
const logFailure = async (
  feed: WorkbenchFeed,
  step: Step,
  event: Event<unknown>,
  handler: EventHandler,
): Promise<void> => {
  try {
    await handler(event)
  } catch (error) {
    const { name, flows = [] } = step.config
    new StepLogger(feed, event.traceId, name, flows).error(`Step ${name} failed`, { error })
    throw error
  }
}

/**
 * Returns a printer that shows only refused emits. Motia's printer also lists every step, and what hot reload prints
 * itself.
 */
const quietPrinter = (): NoPrinter =>
  Object.assign(new NoPrinter(), {
    printInvalidEmit: ({ config }: Step, topic: string) =>
      console.error(`Topic ${topic} is not among the emits of ${config.name}: the event was not sent`),
  })
