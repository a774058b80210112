// Preloaded into a server (node --import): once it listens, the routes of its routers are printed as one line of JSON.
import http from 'node:http'
import { createRequire, syncBuiltinESMExports } from 'node:module'

// The application's router and every other one inherit from this.
const { Router } = createRequire(import.meta.url)('express')
const { route } = Router
const routes = []

Router.route = function (path) {
  const added = Reflect.apply(route, this, [path])
  routes.push(added)
  return added
}

const { createServer } = http
http.createServer = (...args) => {
  const print = () => {
    const all = routes.flatMap(({ path, methods }) => Object.keys(methods).map((name) => [name.toUpperCase(), path]))
    console.info(`ROUTES ${JSON.stringify(all.map(([name, path]) => [name, String(path)]))}`)
  }
  return createServer(...args).once('listening', print)
}
syncBuiltinESMExports()
