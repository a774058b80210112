// Preloaded into every Node process of a test (NODE_OPTIONS=--import): each attempt to connect, look a name up or send a
// datagram is appended to the file that NETWORK_LOG names, one line each.
import dgram from 'node:dgram'
import dns from 'node:dns'
import { appendFileSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import net from 'node:net'

const note = (kind, target) => appendFileSync(process.env.NETWORK_LOG, `${kind} ${target}\n`)

const { connect } = net.Socket.prototype
net.Socket.prototype.connect = function (...args) {
  const [first = {}, second] = Array.isArray(args[0]) ? args[0] : args
  const options = typeof first === 'object' ? first : { port: first, host: second }
  note('connect', options.path ?? options.host ?? 'localhost')
  return connect.apply(this, args)
}

for (const api of [dns, dns.promises]) {
  for (const name of ['lookup', 'resolve', 'resolve4', 'resolve6']) {
    const original = api[name]
    api[name] = function (host, ...rest) {
      note('lookup', host)
      return original.call(this, host, ...rest)
    }
  }
}

const { send } = dgram.Socket.prototype
dgram.Socket.prototype.send = function (...args) {
  note('send', args.filter((arg) => typeof arg === 'string').at(-1))
  return send.apply(this, args)
}

syncBuiltinESMExports()
