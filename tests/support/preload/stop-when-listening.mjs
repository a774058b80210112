// Prints how many packages are loaded when the process first listens for SIGTERM, and sends it one.
import Module from 'node:module'

process.on('newListener', function look(name) {
  if (name !== 'SIGTERM') return
  process.off('newListener', look)
  console.info(`Listens with ${Object.keys(Module._cache).length} packages loaded`)
  setImmediate(() => process.kill(process.pid, 'SIGTERM'))
})
