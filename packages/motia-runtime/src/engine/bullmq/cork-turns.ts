import type { Writable } from 'node:stream'

/**
 * Makes a stream send everything written within one turn of the event loop by a single system call. With BullMQ, the
 * option `enableAutoPipelining` of ioredis costs more than it saves: it copies all of BullMQ's script definitions into
 * each pipeline.
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
