// Preloaded into a server (node --import): once it listens, its express app's routes are printed as one line of JSON.
import http from 'node:http'
import { syncBuiltinESMExports } from 'node:module'

const routesOf = (stack) =>
  stack.flatMap(({ route, handle }) =>
    route
      ? Object.keys(route.methods).map((method) => [method.toUpperCase(), String(route.path)])
      : routesOf(handle.stack ?? []),
  )

const { createServer } = http
http.createServer = (...args) => {
  const server = createServer(...args)
  const app = args.find((arg) => typeof arg === 'function' && 'lazyrouter' in arg)
  if (app) server.once('listening', () => console.info(`ROUTES ${JSON.stringify(routesOf(app._router.stack))}`))
  return server
}
syncBuiltinESMExports()
