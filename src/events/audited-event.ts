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

/** The data of an audited event, without its `type`. */
export type AuditedData = Record<string, unknown>

/** Returns the event's topic in a namespace and its data; throws a `ZodError` for data of an event that is not audited. */
export const readAuditedEvent = (namespace: Namespace, payload: unknown): { topic: string; data: AuditedData } => {
  const { type, ...data } = auditedSchema.parse(payload)
  return { topic: `${namespace}.${type}`, data }
}
