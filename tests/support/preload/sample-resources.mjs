// Preloaded into a server (node --import): every SAMPLE_MS what it holds is appended to SAMPLES_FILE, one line of JSON each.
import { appendFileSync, readdirSync } from 'node:fs'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import v8 from 'node:v8'
import vm from 'node:vm'

v8.setFlagsFromString('--expose-gc')
const collectGarbage = vm.runInNewContext('gc')

const MB = 2 ** 20
const delay = monitorEventLoopDelay({ resolution: 10 })
delay.enable()

const listenersOf = (emitter) => emitter.eventNames().reduce((sum, name) => sum + emitter.listenerCount(name), 0)

const listenerCount = () =>
  [process, ...process._getActiveHandles()]
    .filter((handle) => typeof handle.eventNames === 'function')
    .reduce((sum, handle) => sum + listenersOf(handle), 0)

let warnings = 0
process.on('warning', () => {
  warnings += 1
})

setInterval(() => {
  const delayMs = delay.percentile(99) / 1e6
  collectGarbage()
  const { rss, heapUsed, external } = process.memoryUsage()
  const sample = {
    pid: process.pid,
    at: Date.now(),
    rssMb: rss / MB,
    heapMb: heapUsed / MB,
    externalMb: external / MB,
    descriptors: readdirSync('/proc/self/fd').length,
    timers: process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length,
    listeners: listenerCount(),
    delayMs,
    warnings,
  }
  appendFileSync(process.env.SAMPLES_FILE, `${JSON.stringify(sample)}\n`)
  // Without the pause of the garbage collection.
  delay.reset()
}, Number(process.env.SAMPLE_MS)).unref()
