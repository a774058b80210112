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

/** A line of the audit trail for readers, with a unique id. */
export type AuditLine = z.infer<typeof auditLineSchema> & { id: string }

/** A new event for the trail, which adds the time. */
export interface AuditEntry {
  topic: string
  traceId: string
  /** The name of the API key that caused it. */
  by?: string | undefined
  data: unknown
}

/** What is new in a trail for a reader. */
export interface AuditNews {
  lines: AuditLine[]
  /** Where the next read begins. */
  end: string
  /** Whether this is another trail, so that the reader must forget earlier lines. */
  isNew: boolean
}

/** The audit trail. Contains each audited event once. */
export interface Audit {
  /** Adds the entry and resolves once it is stored. Does nothing if the event is among the recent ones. */
  append(entry: AuditEntry): Promise<void>

  /**
   * Returns the lines after `end`, which an earlier call returned. If there are many, or `end` is undefined, the
   * latest.
   */
  readAfter(end: string | undefined): Promise<AuditNews>
}

/** Data of an event about a pet. `enqueuedAt` identifies its job, so that a job that runs twice counts once. */
const petDataSchema = z.looseObject({ petId: z.string(), enqueuedAt: z.number().optional() })

/**
 * Returns the identity of an entry's event. The data of a pet's event contains its times, so a repeated event has the
 * same data. A reaper's figures may be the same on two days, so its key includes the trace.
 */
export const keyOf = ({ topic, traceId, data }: AuditEntry): string => {
  const pet = petDataSchema.safeParse(data)
  if (!pet.success) return JSON.stringify([topic, data, traceId])
  const { petId, enqueuedAt } = pet.data
  return JSON.stringify(enqueuedAt === undefined ? [topic, data] : [topic, petId, enqueuedAt])
}

/** Returns the line in a value that was parsed from JSON; nothing if somebody has made it invalid. */
export const readLine = (value: unknown, id: string): AuditLine[] => {
  const parsed = auditLineSchema.safeParse(value)
  return parsed.success ? [{ ...parsed.data, id }] : []
}
