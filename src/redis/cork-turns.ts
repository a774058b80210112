import type { Writable } from 'node:stream'

/**
 * Sends what is written into a stream in one turn of the event loop together: one system call instead of many. What ioredis
 * has for that (`enableAutoPipelining`) costs more than it saves where BullMQ has defined its scripts: each of its pipelines
 * gets a copy of them all.
 */
export const corkTurns = (stream: Writable): void => {
  const { write } = stream
  let isCorked = false
  stream.write = (...args: unknown[]): boolean => {
    if (!isCorked) {
      isCorked = true
      stream.cork()
      setImmediate(() => {
        isCorked = false
        stream.uncork()
      })
    }
    return Reflect.apply(write, stream, args)
  }
}
