import { randomBytes } from 'node:crypto'
import { errorMessage } from '../../errors'
import { EmitError, type QueuedEvent } from '../engine'

/** The state of a message. A `failed` message has no attempts left and is a dead letter. */
export type JobState = 'waiting' | 'active' | 'delayed' | 'completed' | 'failed'

/** An event in the queue of one of its subscribers. */
export interface Message {
  /** Unique among all messages of all processes, also after another process has taken it over. */
  readonly id: string
  readonly queue: string
  /** The event's id in its outbox, if one owes it. */
  readonly eventId: string | undefined
  /** The event as JSON. Each delivery parses it, so that no subscribers share an object. */
  readonly text: string
  /** Epoch ms. */
  readonly addedAt: number
  state: JobState
  /** When it may run, in ms of `performance.now()`, which changes of the clock do not affect. */
  dueAt: number
  /** How often it was started. */
  attempts: number
  /** Whether its handler was running when its process died, perhaps because of it. */
  isSuspect: boolean
  /** The message of the last error. */
  reason?: string
  /** Epoch ms. */
  startedAt?: number
  finishedAt?: number
}

/** Returns the event as JSON. Throws an `EmitError` if its data is not JSON. */
export const eventText = ({ id, topic, data, traceId, flows }: QueuedEvent): string => {
  let dataText: string | undefined
  try {
    dataText = JSON.stringify(data)
  } catch (cause) {
    throw new EmitError(`The data of event ${topic} cannot be converted to JSON: ${errorMessage(cause)}`, { cause })
  }
  if (dataText === undefined) throw new EmitError(`The data of event ${topic} is ${typeof data}, not JSON`)
  return `${JSON.stringify({ id, topic, traceId, flows }).slice(0, -1)},"data":${dataText}}`
}

/** Returns the event of a message as a new object. */
export const eventOf = ({ text }: Message): QueuedEvent => JSON.parse(text)

const PROCESS = randomBytes(6).toString('hex')
let count = 0

/** Returns a new message that is due in `delayMs`. `fields` are those of a message that was taken over. */
export const newMessage = (
  fields: Pick<Message, 'queue' | 'eventId' | 'text'> & Partial<Message>,
  delayMs: number,
): Message => ({
  id: `${PROCESS}-${++count}`,
  addedAt: Date.now(),
  state: delayMs > 0 ? 'delayed' : 'waiting',
  dueAt: performance.now() + delayMs,
  attempts: 0,
  isSuspect: false,
  ...fields,
})
