import type { Server } from 'node:http'
import type { LockedData, MotiaServer } from 'motia'
import type { Engine } from '../engine/engine'
import { errorMessage } from '../errors'
import { authenticateBy, requireKey } from '../http/api-keys'
import { guardSockets, type OriginRules, refuseForeigners } from '../http/guards'
import { hardenServer } from '../http/harden'
import { configureRoutes, type Health, httpErrors } from '../http/routes'
import { setLogFormat } from '../logging/console-lines'
import { setLogLevel } from '../logging/log-level'
import { docsRoutes } from '../openapi/docs-routes'
import { projectDocument } from '../openapi/project-document'
import { OutboxRelay } from '../outbox/outbox-relay'
import { watchSteps } from '../steps/hot-reload'
import { addWorkbench } from '../workbench/workbench'
import { prepareDrain } from './drain'
import { listen } from './listen'
import { type ComposedServer, createMotiaServer } from './motia-server'
import { type OpenProject, openProject } from './open-project'
import { type ResolvedOptions, type RuntimeConfig, type RuntimeHooks, resolveOptions } from './options'
import { projectPackage } from './project-package'
import { Shutdown } from './shutdown'

/** `dev` has the Workbench and hot reload, `start` is production. */
export type Mode = 'dev' | 'start'

/** The response to `GET /readyz` during a stop. */
const STOPPING: Health = { status: 503, body: { status: 'stopping' } }

/** Starts the server. Throws a one-line error if it cannot start. `stop` ends the process with the given code. */
export const serve = async (
  mode: Mode,
  root: string,
  config: RuntimeConfig,
): Promise<{ stop: (exitCode: number) => Promise<void> }> => {
  const isProduction = mode === 'start'
  const options = resolveOptions(root, config.runtime)
  // Nobody can see the traces that a production server keeps in its own memory.
  if (isProduction && !options.redisUrl) options.traceLimit = 0
  setLogLevel(options.logLevel)
  await setLogFormat(options.logFormat)
  const shutdown = new Shutdown(options.stopGrace)
  try {
    const engine = await createEngine(options)
    shutdown.add(() => engine.close())
    const project = await openProject(options)
    const { modules, hooks, streams, warnings } = project
    shutdown.add(() => modules.close())
    shutdown.add(async () => hooks().close?.())
    for (const warning of [...unusedSettings(config), ...warnings, ...((await hooks().start?.()) ?? [])])
      console.warn(`⚠ ${warning}`)

    const access = accessOf(options, isProduction)
    const metrics = options.metrics ? (await import('../metrics/metrics')).createMetrics(engine) : undefined
    const invalidJson = (problem: string): object => hooks().invalidJson?.(problem) ?? { message: problem }
    const server = createMotiaServer({
      ...options,
      engine,
      project,
      isInProcess: options.stepRuntime === 'in-process',
      isProduction,
      streamAuth: config.streamAuth,
      metrics,
      topics: () => hooks().topics ?? {},
      configureApp: (app, parts) =>
        configureRoutes(app, {
          ...parts,
          ...access,
          isProduction,
          invalidJson,
          metrics,
          docs: options.docs ? docsRoutes(documentOf(options, isProduction, project, parts.lockedData)) : undefined,
          health: () => (shutdown.hasBegun ? STOPPING : checkHealth(hooks(), engine)),
          customize: config.app,
        }),
    })
    const { motiaServer } = server
    const relay = new OutboxRelay({ engine, outbox: () => hooks().outbox ?? NO_OUTBOX })
    shutdown.add(() => relay.stop())
    shutdown.add(() => server.close())
    if (!isProduction) {
      await addWorkbench(motiaServer, config, engine, options.port)
      shutdown.add(watchProject(root, project, server))
    }
    if (isProduction && streams.length === 0) closeSocket(motiaServer)
    else access.guardSockets(motiaServer.server)
    motiaServer.app.use(httpErrors({ invalidJson }))
    hardenServer(motiaServer.server, options)
    const drain = prepareDrain(motiaServer.server, options.stopGrace * 1_000)
    await engine.start()
    await listen(motiaServer.server, options)
    shutdown.add(() => drain(shutdown.graceEnd))
    relay.start()
    await server.start()
    announce(mode, options)
  } catch (error) {
    await shutdown.run()
    throw error
  }
  return { stop: (exitCode) => shutdown.exit(exitCode) }
}

/** Returns the checks of who may use the server. */
const accessOf = (options: ResolvedOptions, isProduction: boolean) => {
  const { host, allowedHosts, trustProxy, apiKeys, corsOrigins } = options
  const origins: OriginRules = {
    allowedHosts: isProduction ? null : [host, ...allowedHosts],
    trustProxy,
    allowedOrigins: corsOrigins,
  }
  const authenticate = apiKeys.length > 0 ? authenticateBy(apiKeys) : undefined
  return {
    guard: refuseForeigners(origins),
    corsOrigins,
    requireKey: authenticate && requireKey(authenticate),
    guardSockets: (server: Server) => guardSockets(server, origins, authenticate),
  }
}

/** Returns a function that returns the OpenAPI document as text. Only hot reload changes it. */
const documentOf = (
  options: ResolvedOptions,
  isProduction: boolean,
  { modules, hooks }: OpenProject,
  lockedData: LockedData,
): (() => string) => {
  let text: string | undefined
  return () => {
    if (isProduction && text !== undefined) return text
    text = JSON.stringify(projectDocument({ ...options, modules, steps: lockedData.apiSteps(), hooks: hooks() }))
    return text
  }
}

/** Returns a warning for each setting of Motia's that this runtime does not use. */
const unusedSettings = (config: RuntimeConfig): string[] =>
  (['adapters', 'redis'] as const)
    .filter((name) => config[name] !== undefined)
    .map((name) => `motia.config.ts: ${name} is not used: state, streams and queues are those of motia-runtime`)

const NO_OUTBOX = {
  async *owed() {},
  settle: async () => {},
}

/** Returns the engine. Loads BullMQ and the Redis clients, which take 200 ms and 30 MB, only if needed. */
const createEngine = async ({ root, dataDir, redisUrl, redisPrefix, traceLimit }: ResolvedOptions): Promise<Engine> => {
  if (redisUrl) {
    const { createBullMqEngine } = await import('../engine/bullmq/bullmq-engine')
    return createBullMqEngine({ redisUrl, prefix: redisPrefix, app: projectPackage(root).name, traceLimit })
  }
  const { createEmbeddedEngine } = await import('../engine/embedded/embedded-engine')
  return createEmbeddedEngine({ dataDir, traceLimit })
}

/**
 * Returns the health. If the queues do not respond, only jobs wait: `degraded`. Without its store a project cannot
 * work.
 */
const checkHealth = async (hooks: RuntimeHooks, engine: Engine): Promise<Health> => {
  const queues = engine.problem() ?? 'ok'
  const store = await (async () => hooks.check?.())().then(() => 'ok', errorMessage)
  const status = store !== 'ok' ? 'unavailable' : queues !== 'ok' ? 'degraded' : 'ok'
  return { status: store === 'ok' ? 200 : 503, body: { status, store, queues } }
}

/** Puts changed steps and hooks into service. Returns a function that stops that. */
const watchProject = (
  root: string,
  project: OpenProject,
  { motiaServer, lockedData, cronJobs }: ComposedServer,
): (() => Promise<void>) => {
  const { hooks } = project
  let current = hooks()
  return watchSteps({
    root,
    ...project,
    lockedData,
    server: { ...motiaServer, cronManager: cronJobs },
    onReload: async () => {
      lockedData.saveTypes()
      const replaced = current
      current = hooks()
      if (replaced === current) return
      await replaced.close?.()
      await current.start?.()
    },
  })
}

/**
 * Closes the WebSocket server, since there is no stream to subscribe to. Without its listener an upgrade is a normal
 * request and gets a 404.
 */
const closeSocket = ({ server, socketServer }: MotiaServer): void => {
  server.removeAllListeners('upgrade')
  socketServer.close()
}

const announce = (mode: Mode, options: ResolvedOptions): void => {
  const { name, host, port, dataDir, redisUrl, stepRuntime } = options
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${port}`
  const data = redisUrl ? `Redis at ${new URL(redisUrl).host}` : dataDir
  const lines = [
    `${name} ready on ${url}`,
    ...(mode === 'dev' ? [`   Workbench: ${url}`] : []),
    `   Data: ${data}${stepRuntime === 'process' ? '; each step runs in its own process' : ''}`,
  ]
  console.log(lines.join('\n'))
}
