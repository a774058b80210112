import { randomBytes } from 'node:crypto'
import { EmitError, type QueuedEvent } from '../engine'
import type { JobState } from './inspector'

/** How long a message waits between two attempts, in ms, as in Motia. */
export const BACKOFF_MS = 2_000

/** An event in the queue of one of its subscribers. */
export interface Message {
  /** Tells it from all messages of all processes, also after another process has taken it over. */
  readonly id: string
  readonly queue: string
  /** The id by which an outbox knows the event, if one owes it. */
  readonly eventId: string | undefined
  /** The event as JSON: each delivery parses it, so that nobody sees another's object. */
  readonly text: string
  /** Epoch ms. */
  readonly addedAt: number
  state: JobState
  /** When it may run, in ms of `performance.now()`, which no change of the clock moves. */
  dueAt: number
  /** How often it was started. */
  attempts: number
  /** Its handler was running when its process died, perhaps because of it. */
  isSuspect: boolean
  /** The message of the last error. */
  reason?: string
  /** Epoch ms. */
  startedAt?: number
  finishedAt?: number
}

/** The event as JSON; throws an `EmitError` if its data cannot be that. */
export const eventText = ({ id, topic, data, traceId, flows }: QueuedEvent): string => {
  let dataText: string | undefined
  try {
    dataText = JSON.stringify(data)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new EmitError(`The data of an event ${topic} is not JSON: ${reason}`, { cause })
  }
  if (dataText === undefined) throw new EmitError(`The data of an event ${topic} is ${typeof data}, not JSON`)
  return `${JSON.stringify({ id, topic, traceId, flows }).slice(0, -1)},"data":${dataText}}`
}

/** The event of a message, as an object of the caller's own. */
export const eventOf = ({ text }: Message): QueuedEvent => JSON.parse(text)

const PROCESS = randomBytes(6).toString('hex')
let count = 0

/** Makes a message that is due `delayMs` from now. `fields` are those of a message that was taken over. */
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
