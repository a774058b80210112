import { createRequire } from 'node:module'
import { Server } from 'node:net'
import { dirname, join } from 'node:path'
import express, { type Express } from 'express'
import type { Config, MotiaPlugin, MotiaPluginContext, MotiaServer } from 'motia'
import type { Engine } from '../engine/engine'
import { interceptUpgrades } from '../http/upgrades'
import { fixFlowStreams } from './flow-streams'
import { keepToOwnFiles, refuseUnknownPaths } from './page-requests'

/** The Workbench adds this to its `port`, and uses the sum as the port of the page's hot-reload socket. */
const HMR_OFFSET = 21_678

/** The protocols of the page's hot-reload socket. */
const HMR_PROTOCOLS = ['vite-hmr', 'vite-ping']

const requireFromHere = createRequire(import.meta.url)

/**
 * Adds Motia's Workbench to the server, as `motia dev` does, with the plugins of `motia.config.ts`, the engine's Queues
 * tab, and additions for the flow view and the request editor.
 */
export const addWorkbench = async (
  motiaServer: MotiaServer,
  config: Config,
  engine: Engine,
  port: number,
): Promise<void> => {
  const context = pluginContext(motiaServer)
  const plugins = [...(config.plugins ?? []).flatMap((build) => build(context)), engine.queuesTab(context)]
  fixFlowStreams(context.lockedData, { stepNode: stepNodeOf(plugins) })
  motiaServer.app.get('/__motia', (_request, response) => {
    const { version }: { version: string } = requireFromHere('motia/package.json')
    response.json({ version, isDev: true, isTutorialDisabled: false, workbenchBase: '' })
  })
  serveMonaco(motiaServer.app)
  motiaServer.app.use(refuseUnknownPaths, keepToOwnFiles)
  const { applyMiddleware } = await import('@motiadev/workbench/middleware')
  const hotReload = await withoutListening(port, () =>
    applyMiddleware({
      app: motiaServer.app,
      port: port - HMR_OFFSET,
      workbenchBase: '',
      plugins: plugins.flatMap(({ workbench }) => workbench),
    }),
  )
  interceptUpgrades(motiaServer.server, (request, socket, head, next) => {
    if (!HMR_PROTOCOLS.includes(request.headers['sec-websocket-protocol'] ?? '')) return next()
    // Every client needs the page's token. Vite requires it only from clients that send an origin, as browsers do.
    request.headers.origin ??= 'null'
    hotReload?.emit('upgrade', request, socket, head)
  })
}

/**
 * Serves Monaco's build for browsers, which the page would otherwise fetch from a CDN. It is looked up on demand,
 * because a project may not have Monaco.
 */
export const serveMonaco = (app: Express): void => {
  const files = () => join(dirname(requireFromHere.resolve('monaco-editor/package.json')), 'min')
  app.use(
    '/__motia-runtime/monaco',
    (...request) => express.static(files(), { maxAge: '1h', redirect: false })(...request),
    (_request, response) => void response.status(404).json({ message: 'Not found' }),
  )
}

/**
 * Returns the absolute path of the module that draws the steps of the flow view, if a plugin names one as its
 * `stepNode`.
 */
const stepNodeOf = (plugins: MotiaPlugin[]): string | undefined => {
  for (const plugin of plugins) {
    if ('stepNode' in plugin && typeof plugin.stepNode === 'string') return plugin.stepNode
  }
  return undefined
}

/** Returns what Motia passes to a plugin (`createPluginContext` of its command line, which it does not export). */
const pluginContext = ({ motia, addRoute, removeRoute, printer }: MotiaServer): MotiaPluginContext => ({
  printer,
  tracerFactory: motia.tracerFactory,
  state: motia.stateAdapter,
  lockedData: motia.lockedData,
  eventAdapter: motia.eventAdapter,
  registerApi: ({ method, path }, handler) => {
    const step = {
      filePath: `__plugin_${method}_${path.replaceAll('/', '_')}.ts`,
      version: '1',
      config: {
        type: 'api' as const,
        name: `Plugin API: ${method} ${path}`,
        path,
        method,
        emits: [],
        flows: ['_plugin'],
      },
      handler,
    }
    addRoute(step)
    return () => removeRoute(step)
  },
})

/**
 * Returns the server that `run` wants to listen on `port`, and does not let it listen: the page's hot-reload socket is
 * on the server's own port, so that no second port is needed, and the guards apply. Patching `listen` is the only way:
 * the Workbench creates the Vite server itself, and Vite creates the socket's server.
 */
const withoutListening = async (port: number, run: () => Promise<void>): Promise<Server | undefined> => {
  const { listen } = Server.prototype
  let prevented: Server | undefined
  Server.prototype.listen = function (this: Server, ...args: unknown[]) {
    if (args[0] !== port) return Reflect.apply(listen, this, args)
    prevented = this
    return this
  }
  try {
    await run()
    return prevented
  } finally {
    Server.prototype.listen = listen
  }
}
