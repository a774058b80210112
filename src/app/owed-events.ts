import { randomUUID } from 'node:crypto'

/** A step's description of an event: a topic and the data for its subscribers. */
export interface EventDraft {
  topic: string
  data: Record<string, unknown>
}

/** An event that is stored with the change that caused it. The step must emit it. */
export type Owed<Draft extends EventDraft> = Draft & { id: string }

/** Returns the events with ids, and with the name of the API key that caused them. */
export const owe = <Draft extends EventDraft>(drafts: readonly Draft[], by?: string): Owed<Draft>[] =>
  drafts.map((draft) => ({ id: randomUUID(), ...sign(draft, by) }))

/** Returns the event, with the name of the API key that caused it if keys are in use. */
export const sign = <Draft extends EventDraft>(draft: Draft, by: string | undefined): Draft =>
  by === undefined ? draft : { ...draft, data: { ...draft.data, by } }
