import { once } from 'node:events'
import type { Server } from 'node:http'
import type { Express } from 'express'
import type { MotiaServer } from 'motia'
import type { Engine } from '../engine/engine'
import { errorCode } from '../errors'
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
import { createMotiaServer } from './motia-server'
import { openProject } from './open-project'
import { type ResolvedOptions, type RuntimeConfig, type RuntimeHooks, resolveOptions } from './options'
import { projectPackage } from './project-package'

/** `dev` has the Workbench and hot reload, `start` is production. */
export type Mode = 'dev' | 'start'

/**
 * How long an idle connection stays open, in ms: longer than in proxies (60 s is common), so that no proxy sends a
 * request on a connection that the server is closing.
 */
const KEEP_ALIVE_MS = 75_000

/** How long a stop may take after its grace, in ms. */
const STOP_TIMEOUT_MS = 9_000

/** The response to `GET /readyz` during a stop. */
const STOPPING: Health = { status: 503, body: { status: 'stopping' } }

/** Starts the server. Throws a one-line error if it cannot start. `stop` ends the process with the given code. */
export const serve = async (
  mode: Mode,
  root: string,
  config: RuntimeConfig,
): Promise<{ stop: (exitCode: number) => Promise<void> }> => {
  const options = resolveOptions(root, config.runtime)
  setLogLevel(options.logLevel)
  await setLogFormat(options.logFormat)
  const isProduction = mode === 'start'
  const isInProcess = options.stepRuntime === 'in-process'
  const graceMs = options.stopGrace * 1_000
  const graceEnd = new AbortController()
  let isStopping = false
  const cleanUps: (() => Promise<void>)[] = []
  const cleanUp = async () => {
    for (const undo of cleanUps.reverse()) await undo().catch((error) => console.error('While stopping:', error))
  }
  try {
    const engine = await createEngine(options, isProduction)
    cleanUps.push(() => engine.close())
    const project = await openProject(options)
    const { modules, hooks } = project
    cleanUps.push(() => modules.close())
    cleanUps.push(async () => hooks().close?.())
    for (const warning of [...project.warnings, ...((await hooks().start?.()) ?? [])]) console.warn(`⚠ ${warning}`)

    const { host, allowedHosts, trustProxy, headersTimeout, requestTimeout } = options
    const origins: OriginRules = { allowedHosts: isProduction ? null : [host, ...allowedHosts], trustProxy }
    const metrics = options.metrics ? (await import('../metrics/metrics')).createMetrics(engine) : undefined
    const { apiKeys, corsOrigins } = options
    const authenticate = apiKeys.length > 0 ? authenticateBy(apiKeys) : undefined
    const invalidJson = (problem: string): object => hooks().invalidJson?.(problem) ?? { message: problem }
    let openApi: string | undefined
    const server = createMotiaServer({
      root,
      engine,
      project,
      isInProcess,
      isProduction,
      handlerTimeout: options.handlerTimeout,
      // Nobody can see the traces that a production server keeps in its own memory.
      traceLimit: isProduction && engine.kind === 'embedded' ? 0 : options.traceLimit,
      metrics,
      topics: () => hooks().topics ?? {},
      configureApp: (app: Express, { lockedData, answer }) =>
        configureRoutes(app, {
          lockedData,
          isProduction,
          guard: refuseForeigners({ ...origins, allowedOrigins: corsOrigins }),
          corsOrigins,
          requireKey: authenticate && requireKey(authenticate),
          answer,
          invalidJson,
          metrics,
          docs: options.docs
            ? docsRoutes(() => {
                openApi ??= JSON.stringify(
                  projectDocument({ ...options, modules, steps: lockedData.apiSteps(), hooks: hooks() }),
                )
                return openApi
              })
            : undefined,
          health: () => (isStopping ? STOPPING : checkHealth(hooks(), engine)),
          customize: config.app,
        }),
    })
    const { motiaServer } = server
    const relay = new OutboxRelay({ engine, outbox: () => hooks().outbox ?? NO_OUTBOX })
    cleanUps.push(() => relay.stop())
    cleanUps.push(() => server.close())
    if (isProduction) {
      closeSocket(motiaServer)
    } else {
      guardSockets(motiaServer.server, origins, authenticate)
      await addWorkbench(motiaServer, config, engine, options)
      let current = hooks()
      const unwatch = watchSteps({
        root,
        ...project,
        lockedData: server.lockedData,
        server: { ...motiaServer, cronManager: server.cronJobs },
        onReload: async () => {
          server.lockedData.saveTypes()
          openApi = undefined
          const replaced = current
          current = hooks()
          if (replaced === current) return
          await replaced.close?.()
          await current.start?.()
        },
      })
      cleanUps.push(unwatch)
    }
    motiaServer.app.use(httpErrors({ invalidJson }))
    hardenServer(motiaServer.server, {
      headersTimeoutMs: headersTimeout * 1_000,
      requestTimeoutMs: requestTimeout * 1_000,
    })
    motiaServer.server.keepAliveTimeout = KEEP_ALIVE_MS
    const drain = prepareDrain(motiaServer.server, graceMs)
    await engine.start()
    await listen(motiaServer.server, options)
    cleanUps.push(() => drain(graceEnd.signal))
    relay.start()
    await server.start()
    announce(mode, options)
  } catch (error) {
    await cleanUp()
    throw error
  }
  return {
    stop: async (exitCode) => {
      // A second signal ends the grace.
      if (isStopping) return graceEnd.abort()
      isStopping = true
      if (graceMs > 0) console.info(`Stopping in ${options.stopGrace} s: until then /readyz returns 503`)
      else console.info('Stopping')
      setTimeout(() => {
        console.warn(`Stopped before everything had ended: it took more than ${STOP_TIMEOUT_MS / 1_000} s`)
        process.exit(exitCode)
      }, graceMs + STOP_TIMEOUT_MS)
      await cleanUp()
      console.info('Stopped')
      process.exit(exitCode)
    },
  }
}

const NO_OUTBOX = {
  async *owed() {},
  settle: async () => {},
}

/** Returns the engine. Loads BullMQ and the Redis clients, which take 200 ms and 30 MB, only if needed. */
const createEngine = async (options: ResolvedOptions, isProduction: boolean): Promise<Engine> => {
  const { root, name, dataDir, redisUrl, redisPrefix, traceLimit } = options
  if (redisUrl) {
    const { createBullMqEngine } = await import('../engine/bullmq/bullmq-engine')
    const app = projectPackage(root).name ?? name
    return createBullMqEngine({ redisUrl, prefix: redisPrefix, app, traceLimit })
  }
  const { createEmbeddedEngine } = await import('../engine/embedded/embedded-engine')
  return createEmbeddedEngine({ dataDir, traceLimit: isProduction ? 0 : traceLimit })
}

/**
 * Returns the health. If the queues do not respond, only jobs wait: `degraded`. Without its store a project cannot
 * work.
 */
const checkHealth = async (hooks: RuntimeHooks, engine: Engine): Promise<Health> => {
  const queues = engine.problem() ?? 'ok'
  const store = await (hooks.check?.() ?? Promise.resolve()).then(
    () => 'ok',
    (error: Error) => error.message,
  )
  const status = store !== 'ok' ? 'unavailable' : queues !== 'ok' ? 'degraded' : 'ok'
  return { status: store === 'ok' ? 200 : 503, body: { status, store, queues } }
}

/**
 * Closes the WebSocket server, since production pushes nothing. Without its listener an upgrade is a normal request and
 * gets a 404.
 */
const closeSocket = ({ server, socketServer }: MotiaServer): void => {
  server.removeAllListeners('upgrade')
  socketServer.close()
}

const listen = async (server: Server, { port, host }: ResolvedOptions): Promise<void> => {
  // Motia's listener would print the stack of an error that this prints in one line.
  const listeners = server.rawListeners('error')
  server.removeAllListeners('error')
  server.listen(port, host)
  try {
    await once(server, 'listening')
  } catch (error) {
    throw new Error(listenProblem(error, host, port), { cause: error })
  } finally {
    for (const listener of listeners) server.on('error', (error) => Reflect.apply(listener, server, [error]))
  }
}

const listenProblem = (error: unknown, host: string, port: number): string => {
  const code = errorCode(error)
  if (code === 'EADDRINUSE') return `Port ${port} on ${host} is taken: stop the server that uses it, or set PORT`
  if (code === 'EACCES') return `This user may not use port ${port}: set PORT to 1024 or more`
  if (['EADDRNOTAVAIL', 'ENOTFOUND', 'EAI_AGAIN', 'EINVAL'].includes(code)) {
    return `HOST ${host} is not an address of this machine (${code})`
  }
  return `Cannot listen on ${host}:${port} (${code})`
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
