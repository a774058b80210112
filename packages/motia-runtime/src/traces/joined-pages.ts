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

/** The WebSocket's code for a message whose content is invalid. */
const INVALID_MESSAGE = 1007

/** How many bytes may wait for a page, and how often to check that, in ms. */
const MOST_WAITING_BYTES = 16_000_000
const CHECK_INTERVAL_MS = 1_000

/** A page's WebSocket, as far as it is used here. */
interface Page extends EventEmitter {
  /** How many bytes wait in this process until the page reads. */
  readonly bufferedAmount: number
  close(code: number): void
  terminate(): void
}

interface Join {
  page: Page
  room: string
  message: string
}

const roomOf = (streamName: string, groupId: string): string => JSON.stringify([streamName, groupId])

/** The pages that subscribe to groups of Motia's streams. */
export class JoinedPages {
  /** By the id of the subscription. */
  readonly #joins = new Map<string, Join>()

  /** `socketServer` is Motia's stream server. */
  constructor(socketServer: EventEmitter & { readonly clients: ReadonlySet<Page> }) {
    socketServer.on('connection', (page: Page) => this.#takeOver(page))
    // A page that does not read, such as one on a sleeping laptop, would make this process run out of memory.
    const closeSlowPages = () => {
      for (const page of socketServer.clients) if (page.bufferedAmount > MOST_WAITING_BYTES) page.terminate()
    }
    const timer = setInterval(closeSlowPages, CHECK_INTERVAL_MS).unref()
    socketServer.once('close', () => clearInterval(timer))
  }

  /**
   * Sends all items of a group to the pages that subscribe to it, once to each. Motia does so when a page joins, and
   * offers no other way, so this repeats the page's own message.
   */
  sendAll(streamName: string, groupId: string): void {
    const room = roomOf(streamName, groupId)
    const messages = new Map<Page, string>()
    for (const { page, message, ...join } of this.#joins.values()) if (join.room === room) messages.set(page, message)
    for (const [page, message] of messages) page.emit('message', message)
  }

  /** Checks the page's messages before Motia's listener, whose error would end the process if one is not JSON. */
  #takeOver(page: Page): void {
    const listeners = page.listeners('message')
    page.removeAllListeners('message')
    page.on('message', (payload) => {
      const message = String(payload)
      try {
        this.#note(page, message)
      } catch {
        return page.close(INVALID_MESSAGE)
      }
      for (const listener of listeners) Reflect.apply(listener, page, [message])
    })
    page.on('close', () => {
      for (const [id, join] of this.#joins) if (join.page === page) this.#joins.delete(id)
    })
  }

  /** Records the page's subscription. Throws if the message is not JSON. */
  #note(page: Page, message: string): void {
    const { success, data } = messageSchema.safeParse(JSON.parse(message))
    if (!success || data.data.id !== undefined) return
    const { streamName, groupId, subscriptionId } = data.data
    if (data.type === 'leave') this.#joins.delete(subscriptionId)
    else this.#joins.set(subscriptionId, { page, room: roomOf(streamName, groupId), message })
  }
}
