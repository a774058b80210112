import type { EventEmitter } from 'node:events'
import { z } from 'zod'

/** A page's message to Motia's stream server: it subscribes to a group of a stream (or to one item), or ends that. */
const messageSchema = z.object({
  type: z.enum(['join', 'leave']),
  data: z.object({
    streamName: z.string(),
    groupId: z.string(),
    id: z.string().optional(),
    subscriptionId: z.string(),
  }),
})

interface Join {
  socket: EventEmitter
  room: string
  message: string
}

const roomOf = (streamName: string, groupId: string): string => JSON.stringify([streamName, groupId])

const readMessage = (text: string): z.infer<typeof messageSchema> | undefined => {
  try {
    return messageSchema.safeParse(JSON.parse(text)).data
  } catch {
    return undefined
  }
}

/** The pages that subscribe to groups of Motia's streams. */
export class JoinedPages {
  /** By the id of the subscription. */
  readonly #joins = new Map<string, Join>()

  /** `socketServer` is Motia's stream server. */
  constructor(socketServer: EventEmitter) {
    socketServer.on('connection', (socket: EventEmitter) => {
      socket.on('message', (message) => this.#note(socket, String(message)))
      socket.on('close', () => {
        for (const [id, join] of this.#joins) if (join.socket === socket) this.#joins.delete(id)
      })
    })
  }

  /**
   * Sends all items of a group to the pages that subscribe to it, once to each. Motia does so when a page joins, and
   * offers no other way, so this repeats the page's own message.
   */
  sendAll(streamName: string, groupId: string): void {
    const room = roomOf(streamName, groupId)
    const messages = new Map<EventEmitter, string>()
    for (const { socket, message, ...join } of this.#joins.values()) {
      if (join.room === room) messages.set(socket, message)
    }
    for (const [socket, message] of messages) socket.emit('message', message)
  }

  #note(socket: EventEmitter, message: string): void {
    const parsed = readMessage(message)
    if (!parsed || parsed.data.id !== undefined) return
    const { streamName, groupId, subscriptionId } = parsed.data
    if (parsed.type === 'leave') this.#joins.delete(subscriptionId)
    else this.#joins.set(subscriptionId, { socket, room: roomOf(streamName, groupId), message })
  }
}
