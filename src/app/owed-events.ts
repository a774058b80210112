import { randomUUID } from 'node:crypto'
import type { Run } from 'motia-runtime'

/** A step's description of an event: a topic and the data for its subscribers. */
export interface EventDraft {
  topic: string
  data: Record<string, unknown>
}

type Traced<Draft extends EventDraft> = Draft & { traceId?: string }

/** An event that is stored with the change that caused it. The step must emit it. */
export type Owed<Draft extends EventDraft> = Traced<Draft> & { id: string }

/** Returns the events of a run, with ids. */
export const owe = <Draft extends EventDraft>(drafts: readonly Draft[], run: Run): Owed<Draft>[] =>
  drafts.map((draft) => ({ id: randomUUID(), ...sign(draft, run) }))

/** Returns the event of a run with its trace, and with the name of the API key if keys are in use. */
export const sign = <Draft extends EventDraft>(draft: Draft, { traceId, caller: by }: Run): Traced<Draft> => {
  const traced = traceId === undefined ? draft : { ...draft, traceId }
  return by === undefined ? traced : { ...traced, data: { ...draft.data, by } }
}
