import { once } from 'node:events'
import type { Server } from 'node:http'
import type { Config, MotiaServer } from 'motia'
import { closeSharedRedis } from '../redis/shared-redis'
import { watchSteps } from '../runtime/hot-reload'
import { createMotiaServer } from '../runtime/motia-server'
import type { Settings } from '../settings'
import { removeLeftovers } from '../store/file/leftovers'
import { watchClock } from './clock-watch'
import { hardenServer, refuseForeignSockets } from './doors'
import { prepareDrain } from './drain'
import { checkHealth, PETS_MODULE, STOPPING } from './health'
import { answerHttpErrors, configureHttp } from './http'
import { OwedJobs } from './owed-jobs'
import { connectRedis, QUEUE_PREFIX, type RedisConnections } from './redis'
import { checkRedisForPets } from './redis-pets'
import { addWorkbench } from './workbench'

/** `dev` has the Workbench and hot reload, `start` is production. */
export type Mode = 'dev' | 'start'

/**
 * How long an idle connection is kept, in ms: longer than proxies keep theirs (60 s is common), so that none sends a request
 * on a connection that is being closed at this end.
 */
const KEEP_ALIVE_MS = 75_000

/** A stop that takes longer than this, after its grace, is cut short, in ms. */
const STOP_TIMEOUT_MS = 9_000

/** Starts the server; throws a one-line error where it cannot. `stop` ends the process with the given code. */
export const serve = async (
  mode: Mode,
  root: string,
  settings: Settings,
): Promise<{ stop: (exitCode: number) => Promise<void> }> => {
  const isProduction = mode === 'start'
  const graceMs = settings.stopGrace * 1_000
  let isStopping = false
  if (settings.store === 'file') await removeLeftovers(settings.dataDir)
  const redis = await connectRedis(settings)
  const cleanUps: (() => Promise<void>)[] = [() => redis.close(), closeSharedRedis]
  const cleanUp = async () => {
    for (const undo of cleanUps.reverse()) await undo().catch((error) => console.error('While stopping:', error))
  }
  try {
    if (settings.store === 'redis') {
      for (const warning of await checkRedisForPets(redis.client)) console.warn(`⚠ ${warning}`)
    }
    const { default: config }: { default: Config } = await import('../../motia.config')
    const server = await createMotiaServer({
      root,
      isInProcess: settings.stepRuntime === 'in-process',
      isProduction,
      handlerTimeout: settings.handlerTimeout,
      traceLimit: settings.traceLimit,
      redis,
      queuePrefix: QUEUE_PREFIX,
      onRedisBack: () => owedJobs.start(),
      sharedModules: [PETS_MODULE],
      configureApp: (app, { lockedData, modules, events, answer }) => {
        configureHttp(app, {
          lockedData,
          isProduction,
          host: settings.host,
          answer,
          health: () => (isStopping ? STOPPING : checkHealth(modules, events)),
        })
        config.app?.(app)
      },
    })
    const owedJobs = new OwedJobs(server.modules, server.events)
    owedJobs.start()
    cleanUps.push(async () => {
      owedJobs.stop()
      await server.close()
    })
    const { motiaServer } = server
    const unwatchClock = watchClock(server.lockedData, motiaServer.cronManager)
    cleanUps.push(async () => unwatchClock())
    if (isProduction) {
      closeSocket(motiaServer)
    } else {
      refuseForeignSockets(motiaServer.server, settings.host)
      await addWorkbench(motiaServer, config, settings)
      const unwatch = watchSteps({ root, ...server, server: motiaServer })
      cleanUps.push(unwatch)
    }
    motiaServer.app.use(answerHttpErrors)
    hardenServer(motiaServer.server)
    motiaServer.server.keepAliveTimeout = KEEP_ALIVE_MS
    const drain = prepareDrain(motiaServer.server, graceMs)
    await listen(motiaServer.server, settings)
    cleanUps.push(drain)
    announce(mode, settings, redis)
  } catch (error) {
    await cleanUp()
    throw error
  }
  return {
    stop: async (exitCode) => {
      if (isStopping) return
      isStopping = true
      if (graceMs > 0) console.info(`Closing in ${settings.stopGrace} s: until then /health sends balancers away`)
      setTimeout(() => process.exit(exitCode), graceMs + STOP_TIMEOUT_MS)
      await cleanUp()
      process.exit(exitCode)
    },
  }
}

/** Production pushes nothing to anybody: without this listener an upgrade is a request like any other, and a 404. */
const closeSocket = ({ server, socketServer }: MotiaServer): void => {
  server.removeAllListeners('upgrade')
  socketServer.close()
}

const listen = async (server: Server, { port, host }: Settings): Promise<void> => {
  server.listen(port, host)
  try {
    await once(server, 'listening')
  } catch (error) {
    const isTaken = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE'
    if (!isTaken) throw error
    throw new Error(`Port ${port} on ${host} is taken: stop what listens there, or set PORT`, { cause: error })
  }
}

const announce = (mode: Mode, settings: Settings, { isPrivate, address }: RedisConnections): void => {
  const { host, port, dataDir, store, stepRuntime } = settings
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${port}`
  const data = store === 'redis' ? `in Redis at ${address.host}:${address.port}` : `${dataDir}/pets.json`
  const redis = store === 'redis' ? '' : `; ${isPrivate ? 'private Redis' : 'Redis'} on port ${address.port}`
  const steps = `steps run ${stepRuntime === 'process' ? 'in processes of their own' : 'in process'}`
  const lines = [
    `🐾 Pet store ready on ${url}`,
    ...(mode === 'dev' ? [`   Workbench: ${url}`] : []),
    `   Data: ${data}${redis}; ${steps}`,
  ]
  console.info(lines.join('\n'))
}
