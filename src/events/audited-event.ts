import { z } from 'zod'
import type { Namespace } from '../pets/pet'
import { payloads } from './payloads'

const auditedSchema = z.discriminatedUnion('type', [
  payloads['pet.created'],
  payloads['job.postcreate.completed'],
  payloads['pet.soft.deleted'],
  payloads['pet.purged'],
  payloads['reaper.completed'],
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
