import { z } from 'zod'
import type { Namespace } from '../pets/pet'
import { payloads } from './payloads'

// What a newer server has added to a payload is kept.
const auditedSchema = z.discriminatedUnion('type', [
  payloads['pet.created'].loose(),
  payloads['job.postcreate.completed'].loose(),
  payloads['pet.soft.deleted'].loose(),
  payloads['pet.purged'].loose(),
  payloads['reaper.completed'].loose(),
])

/** What an AuditTrail step takes: the data of any audited event. JSON Schema, since Motia's `input` takes no zod union. */
export const auditedEventSchema = z.toJSONSchema(auditedSchema, { target: 'draft-7' })

/** The name of the API key that caused an event is part of its data. */
const signedSchema = z.looseObject({ by: z.string().optional() })

/** An event as the audit trail keeps it. */
export interface AuditedEvent {
  topic: string
  /** The name of the API key that caused it; undefined if none did. */
  by: string | undefined
  data: Record<string, unknown>
}

/** Returns the event of a namespace; throws a `ZodError` for data of an event that is not audited. */
export const readAuditedEvent = (namespace: Namespace, payload: unknown): AuditedEvent => {
  const { by, ...unsigned } = signedSchema.parse(payload)
  const { type, ...data } = auditedSchema.parse(unsigned)
  return { topic: `${namespace}.${type}`, by, data }
}
