import { z } from 'zod'

const auditLineSchema = z.object({
  /** Epoch ms: when the line was written. */
  at: z.number(),
  topic: z.string(),
  traceId: z.string(),
  /** The name of the API key that caused the event. */
  by: z.string().optional(),
  data: z.record(z.string(), z.unknown()),
})

/** A line of the audit trail as readers get it, with what tells it from all others. */
export const keyedLineSchema = auditLineSchema.extend({ key: z.string() })

/** A line of the audit trail as readers get it, with what tells it from all others. */
export type KeyedLine = z.infer<typeof keyedLineSchema>

/** An event on its way into the trail, which adds the time. */
export interface AuditEntry {
  topic: string
  traceId: string
  /** The name of the API key that caused it. */
  by?: string | undefined
  data: unknown
}

/** What is new in a trail for a reader. */
export interface AuditNews {
  lines: KeyedLine[]
  /** Where to go on from. */
  end: string
  /** The trail is not the one the reader knows: what it has read is to be forgotten. */
  isNew: boolean
}

/** The audit trail: every event that nobody else hears, once. */
export interface Audit {
  /** Adds the entry and resolves once it is stored. An event that is among the recent ones already is not repeated. */
  append(entry: AuditEntry): Promise<void>

  /** The lines after `end`, which an earlier answer gave, or the latest where there are many or `end` is undefined. */
  readAfter(end: string | undefined): Promise<AuditNews>
}

/** Data of an event about a pet. `enqueuedAt` names its job: a job that runs twice ends at two times, and counts once. */
const petDataSchema = z.looseObject({ petId: z.string(), enqueuedAt: z.number().optional() })

/**
 * What makes two entries the same event. The data of a pet's event holds its times, so an event that is delivered or
 * emitted again has the same; a reaper's figures may repeat from day to day, so there the trace counts too.
 */
export const keyOf = ({ topic, traceId, data }: AuditEntry): string => {
  const pet = petDataSchema.safeParse(data)
  if (!pet.success) return JSON.stringify([topic, data, traceId])
  const { petId, enqueuedAt } = pet.data
  return JSON.stringify(enqueuedAt === undefined ? [topic, data] : [topic, petId, enqueuedAt])
}

/** The line in a value that was parsed from JSON, or nothing for one that a person made unreadable. */
export const readLine = (value: unknown, key: string): KeyedLine[] => {
  const parsed = auditLineSchema.safeParse(value)
  return parsed.success ? [{ ...parsed.data, key }] : []
}
