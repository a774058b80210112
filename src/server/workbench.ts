import { createRequire } from 'node:module'
import { Server } from 'node:net'
import type { Config, MotiaPluginContext, MotiaServer } from 'motia'
import type { Settings } from '../settings'

/** Motia's distance from the server's port to that of the page's hot-reload socket. */
const HMR_OFFSET = 21_678

const requireFromHere = createRequire(import.meta.url)

/** Adds Motia's Workbench and the plugins of `motia.config.ts` to the server, as `motia dev` does. */
export const addWorkbench = async (motiaServer: MotiaServer, config: Config, settings: Settings): Promise<void> => {
  const plugins = (config.plugins ?? []).flatMap((build) => build(pluginContext(motiaServer)))
  motiaServer.app.get('/__motia', (_request, response) => {
    const { version }: { version: string } = requireFromHere('motia/package.json')
    response.json({ version, isDev: true, isTutorialDisabled: false, workbenchBase: '' })
  })
  const { applyMiddleware } = await import('@motiadev/workbench/middleware')
  const hmrPort = settings.port + HMR_OFFSET <= 65_535 ? settings.port + HMR_OFFSET : settings.port - HMR_OFFSET
  await listeningOn(settings.host, hmrPort, () =>
    applyMiddleware({
      app: motiaServer.app,
      // The middleware uses the port for nothing but the socket's.
      port: hmrPort - HMR_OFFSET,
      workbenchBase: '',
      plugins: plugins.flatMap(({ workbench }) => workbench),
    }),
  )
}

/** What Motia hands to a plugin (`createPluginContext` of its command line, which it does not export). */
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
 * The Workbench lets Vite open the page's hot-reload socket on every interface, and has no setting for that. While `run`
 * is under way, whoever listens on that port listens on `host`.
 */
const listeningOn = async (host: string, port: number, run: () => Promise<void>): Promise<void> => {
  const { listen } = Server.prototype
  Server.prototype.listen = function (this: Server, ...args: unknown[]) {
    const rest = args[0] === port ? [port, host, ...args.slice(1).filter((arg) => typeof arg === 'function')] : args
    return Reflect.apply(listen, this, rest)
  }
  try {
    await run()
  } finally {
    Server.prototype.listen = listen
  }
}
