import { z } from 'zod'
import { DAY_MS, LAST_TIME, NAMESPACES, type Pet, SPECIES } from '../pets/pet'

/** The input of the PostCreateLite step. */
export const jobEnqueuedSchema = z.object({
  petId: z.string(),
  // The feeding time that follows must be valid too.
  enqueuedAt: z
    .number()
    .min(0)
    .max(LAST_TIME - DAY_MS),
})

const softDeleted = { petId: z.string(), name: z.string(), deletedAt: z.number(), purgeAt: z.number() }

/**
 * The payload of each event, by its topic without the namespace. `type` repeats the topic, because Motia passes only
 * the data of an event to a step. Readers ignore unknown fields.
 */
export const payloads = {
  /** A pet is stored. */
  'pet.created': z.object({
    type: z.literal('pet.created'),
    petId: z.string(),
    name: z.string(),
    species: z.enum(SPECIES),
    createdAt: z.number(),
  }),
  /** A new pet needs its welcome notes and feeding reminder, 24 h after `enqueuedAt`. */
  'job.postcreate.enqueued': jobEnqueuedSchema,
  /** A restored pet needs a new feeding reminder, 24 h after `enqueuedAt`. */
  'feeding.reminder.enqueued': jobEnqueuedSchema,
  /** Notes and next feeding are stored. */
  'job.postcreate.completed': z.object({
    type: z.literal('job.postcreate.completed'),
    petId: z.string(),
    enqueuedAt: z.number(),
    completedAt: z.number(),
    processingTimeMs: z.number(),
  }),
  /** A pet became `deleted`. */
  'pet.soft.deleted': z.object({ type: z.literal('pet.soft.deleted'), ...softDeleted }),
  /** A pet was purged. */
  'pet.purged': z.object({ type: z.literal('pet.purged'), ...softDeleted, purgedAt: z.number() }),
  /** A run of the reaper ended. */
  'reaper.completed': z.object({
    type: z.literal('reaper.completed'),
    totalScanned: z.number(),
    purgedCount: z.number(),
    failedCount: z.number(),
  }),
}

/** An event's topic without its namespace. */
type EventType = keyof typeof payloads

/** The data of an event. */
export type Payload<Type extends EventType> = z.infer<(typeof payloads)[Type]>

/** The schema of every topic. */
export const topics: Record<string, z.ZodType> = Object.fromEntries(
  NAMESPACES.flatMap((namespace) => Object.entries(payloads).map(([type, schema]) => [`${namespace}.${type}`, schema])),
)

/** Returns the payload of `<ns>.pet.created`. */
export const petCreated = ({ id, name, species, createdAt }: Pet): Payload<'pet.created'> => ({
  type: 'pet.created',
  petId: id,
  name,
  species,
  createdAt,
})

/** Returns the payload of `<ns>.job.postcreate.completed`. Times are epoch ms. */
export const jobCompleted = (
  petId: string,
  enqueuedAt: number,
  startedAt: number,
): Payload<'job.postcreate.completed'> => {
  const completedAt = Date.now()
  const processingTimeMs = completedAt - startedAt
  return { type: 'job.postcreate.completed', petId, enqueuedAt, completedAt, processingTimeMs }
}

/** Returns the payload of `<ns>.pet.soft.deleted`. Throws for a pet that is not soft-deleted. */
export const petSoftDeleted = ({ id, name, deletedAt, purgeAt }: Pet): Payload<'pet.soft.deleted'> =>
  payloads['pet.soft.deleted'].parse({ type: 'pet.soft.deleted', petId: id, name, deletedAt, purgeAt })

/**
 * Returns the payload of `<ns>.pet.purged`. Throws for a pet without `purgeAt`. A pet that was edited by hand may lack
 * `deletedAt`, which is then `purgeAt`.
 */
export const petPurged = ({ id, name, deletedAt, purgeAt }: Pet, purgedAt: number): Payload<'pet.purged'> =>
  payloads['pet.purged'].parse({
    type: 'pet.purged',
    petId: id,
    name,
    deletedAt: deletedAt ?? purgeAt,
    purgeAt,
    purgedAt,
  })

/** Returns the payload of `<ns>.reaper.completed`. */
export const reaperCompleted = (counts: Omit<Payload<'reaper.completed'>, 'type'>): Payload<'reaper.completed'> => ({
  type: 'reaper.completed',
  ...counts,
})
