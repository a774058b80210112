import { type InternalStateManager, type LockedData, type MotiaStream, NoTracer } from 'motia'

/** Records the run of a step. Nothing waits for it. */
export interface Tracing {
  end(error?: { message: string; stack?: string }): void
  emitOperation(topic: string, data: unknown, success: boolean): void
  stateOperation(operation: string, data: unknown): void
  streamOperation(streamName: string, operation: string, data: unknown): void
}

/** Records nothing. */
export const NO_TRACER: Tracing = new NoTracer()

/** Returns the state, with each operation recorded. */
export const tracedState = (state: InternalStateManager, tracer: Tracing): InternalStateManager => ({
  get: (groupId, key) => {
    tracer.stateOperation('get', { traceId: groupId, key })
    return state.get(groupId, key)
  },
  set: (groupId, key, value) => {
    tracer.stateOperation('set', { traceId: groupId, key, value })
    return state.set(groupId, key, value)
  },
  delete: (groupId, key) => {
    tracer.stateOperation('delete', { traceId: groupId, key })
    return state.delete(groupId, key)
  },
  getGroup: (groupId) => {
    tracer.stateOperation('getGroup', { groupId })
    return state.getGroup(groupId)
  },
  clear: (groupId) => {
    tracer.stateOperation('clear', { traceId: groupId })
    return state.clear(groupId)
  },
})

/** Returns the project's streams by name, with each operation recorded. A stream is created on first use. */
export const tracedStreams = (
  lockedData: Pick<LockedData, 'getStreams'>,
  tracer: Tracing,
): Record<string, MotiaStream<unknown>> => {
  const streams: Record<string, MotiaStream<unknown>> = {}
  for (const [name, factory] of Object.entries(lockedData.getStreams())) {
    Object.defineProperty(streams, name, { enumerable: true, get: () => tracedStream(name, factory(), tracer) })
  }
  return streams
}

const tracedStream = (name: string, stream: MotiaStream<unknown>, tracer: Tracing): MotiaStream<unknown> => ({
  get: (groupId, id) => {
    tracer.streamOperation(name, 'get', { groupId, id })
    return stream.get(groupId, id)
  },
  set: (groupId, id, data) => {
    tracer.streamOperation(name, 'set', { groupId, id, data })
    return stream.set(groupId, id, data)
  },
  delete: (groupId, id) => {
    tracer.streamOperation(name, 'delete', { groupId, id })
    return stream.delete(groupId, id)
  },
  getGroup: (groupId) => {
    tracer.streamOperation(name, 'getGroup', { groupId })
    return stream.getGroup(groupId)
  },
  send: (channel, event) => {
    tracer.streamOperation(name, 'send', { channel, event })
    return stream.send(channel, event)
  },
})
