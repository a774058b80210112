import { z } from 'zod'
import { BACKOFF_MS } from '../delivery'
import { queuedEventSchema } from '../engine'
import { eventText, type Message, newMessage } from './message'

const record = z.union([
  z.object({
    add: z.string(),
    queue: z.string(),
    addedAt: z.number(),
    /** Epoch ms; null if it is held back. */
    dueAt: z.number().nullable(),
    attempts: z.number(),
    wasRunning: z.boolean(),
    event: queuedEventSchema,
  }),
  z.object({ start: z.string() }),
  z.object({ fail: z.string() }),
  z.object({ defer: z.string() }),
  z.object({ end: z.string() }),
])

/** Returns the record of a message that is in its queue. It may have been started before. */
export const addRecord = ({ id, queue, addedAt, dueAt, attempts, state, isSuspect, text }: Message): string => {
  // JSON turns infinity (never due) into null.
  const due = Math.round(Date.now() + dueAt - performance.now())
  const head = { add: id, queue, addedAt, dueAt: due, attempts, wasRunning: isSuspect || state === 'active' }
  return `${JSON.stringify(head).slice(0, -1)},"event":${text}}\n`
}

/**
 * What happens to a message: its handler is about to be called, has failed, or could not work now (which is not an
 * attempt), or the message is finished: handled, a dead letter or removed.
 */
export type Change = 'start' | 'fail' | 'defer' | 'end'

/** Returns the record of a change. */
export const changeRecord = (change: Change, { id }: Message): string => `{"${change}":"${id}"}\n`

/**
 * Returns the unfinished messages of a journal. Skips unreadable lines: the last line of a killed process, or lines
 * that a power cut damaged. The outbox sends those events again.
 */
export const readRecords = (text: string): Message[] => {
  const messages = new Map<string, Message>()
  for (const line of text.split('\n')) {
    const entry = parse(line)
    if (entry === undefined) continue
    if ('add' in entry) {
      const { add: id, queue, addedAt, dueAt, attempts, wasRunning, event } = entry
      const fields = { id, queue, addedAt, attempts, isSuspect: wasRunning, eventId: event.id, text: eventText(event) }
      messages.set(id, newMessage(fields, Math.max(0, (dueAt ?? 0) - Date.now())))
    } else if ('end' in entry) {
      messages.delete(entry.end)
    } else if ('start' in entry) {
      const message = messages.get(entry.start)
      if (message) Object.assign(message, { attempts: message.attempts + 1, isSuspect: true })
    } else {
      const isDeferred = 'defer' in entry
      const message = messages.get(isDeferred ? entry.defer : entry.fail)
      if (!message) continue
      if (isDeferred) message.attempts -= 1
      Object.assign(message, { isSuspect: false, dueAt: performance.now() + BACKOFF_MS, state: 'delayed' })
    }
  }
  return [...messages.values()]
}

/**
 * Returns whether a journal has unreadable lines other than the last one, which a killed process may have left
 * unfinished.
 */
export const isDamaged = (text: string): boolean =>
  text
    .split('\n')
    .slice(0, -1)
    .some((line) => parse(line) === undefined)

const parse = (line: string): z.infer<typeof record> | undefined => {
  try {
    return record.safeParse(JSON.parse(line)).data
  } catch {
    return undefined
  }
}
