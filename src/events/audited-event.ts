import { z } from 'zod'
import type { Namespace } from '../pets/pet'
import {
  jobCompletedSchema,
  petCreatedSchema,
  petPurgedSchema,
  petSoftDeletedSchema,
  reaperCompletedSchema,
} from './payloads'

/**
 * The events that the audit trail hears, by the end of their topic. Motia gives a handler the data of an event and not its
 * topic, so the topic is told by the data: no two of these schemas accept the same object.
 */
const schemasByTopic = {
  'pet.created': petCreatedSchema,
  'job.postcreate.completed': jobCompletedSchema,
  'pet.soft.deleted': petSoftDeletedSchema,
  'pet.purged': petPurgedSchema,
  'reaper.completed': reaperCompletedSchema,
}

const auditedEventUnion = z.union(Object.values(schemasByTopic))

/** What an AuditTrail step takes: the data of any audited event, as JSON Schema since Motia's `input` takes no zod union. */
export const auditedEventSchema = z.toJSONSchema(auditedEventUnion, { target: 'draft-7' })

/** The data of any audited event. */
export type AuditedEvent = z.infer<typeof auditedEventUnion>

/** The event's topic in a namespace and its data, checked; throws a `ZodError` for data of no audited event. */
export const readAuditedEvent = (namespace: Namespace, data: unknown): { topic: string; data: AuditedEvent } => {
  for (const [topic, schema] of Object.entries(schemasByTopic)) {
    const parsed = schema.safeParse(data)
    if (parsed.success) return { topic: `${namespace}.${topic}`, data: parsed.data }
  }
  return { topic: '', data: auditedEventUnion.parse(data) }
}
