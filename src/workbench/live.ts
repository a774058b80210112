/** The streams that the page subscribes to, by name. For `npm run dev` only. */
export const STREAMS = { pets: '__pets', audit: '__pets.audit', status: '__pets.status' } as const

/** The one group of each stream. */
export const GROUP: string = 'all'

/** The event that makes the pages subscribe again. */
export const RESET = 'reset'

/** The path of Monaco's files in the runtime. For `npm run dev` only. */
export const MONACO_PATH = '/__motia-runtime/monaco'

/** The one item of the status stream. */
export interface StoreStatus {
  id: 'store'
  /** Why the store cannot be read; null if it can be read. */
  problem: string | null
  /** Whether the stream lacks older pets. */
  isPart: boolean
  /** Epoch ms: the server sends it every few seconds. */
  at: number
}
