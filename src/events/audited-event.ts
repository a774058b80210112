import { z } from 'zod'
import type { Namespace } from '../pets/pet'
import { payloads } from './payloads'

// Keep fields that a newer server has added to a payload.
const auditedSchema = z.discriminatedUnion('type', [
  payloads['pet.created'].loose(),
  payloads['job.postcreate.completed'].loose(),
  payloads['pet.soft.deleted'].loose(),
  payloads['pet.purged'].loose(),
  payloads['reaper.completed'].loose(),
])

/**
 * The input of an AuditTrail step: the data of any audited event. JSON Schema, because Motia's `input` does not accept
 * a zod union.
 */
export const auditedEventSchema = z.toJSONSchema(auditedSchema, { target: 'draft-7' })

/** The name of the API key that caused an event is part of its data. */
const signedSchema = z.looseObject({ by: z.string().optional() })

/**
 * Returns the topic of a namespace's event, the name of the API key that caused it, if any, and its other data. Throws
 * a `ZodError` if the data matches no audited event.
 */
export const readAuditedEvent = (namespace: Namespace, payload: unknown) => {
  const { by, ...unsigned } = signedSchema.parse(payload)
  const { type, ...data } = auditedSchema.parse(unsigned)
  return { topic: `${namespace}.${type}`, by, data }
}
