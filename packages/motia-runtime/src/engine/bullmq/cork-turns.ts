import type { Writable } from 'node:stream'

/**
 * Sends everything that is written to a stream within one turn of the event loop by a single system call. The option of
 * ioredis for that (`enableAutoPipelining`) costs more than it saves with BullMQ: it copies all of BullMQ's script
 * definitions into each of its pipelines.
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
