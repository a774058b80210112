import { z } from 'zod'
import { DAY_MS, LAST_TIME, type Pet, SPECIES, type StoredPet } from '../pets/pet'

/** `<ns>.pet.created`: a pet is on disk. */
export const petCreatedSchema = z.strictObject({
  petId: z.string(),
  name: z.string(),
  species: z.enum(SPECIES),
  createdAt: z.number(),
})

/** `<ns>.job.postcreate.enqueued` and `<ns>.feeding.reminder.enqueued`: a pet is owed its reminder, from `enqueuedAt` on. */
export const jobEnqueuedSchema = z.strictObject({
  petId: z.string(),
  // The feeding that counts from here must be a time, too.
  enqueuedAt: z
    .number()
    .min(0)
    .max(LAST_TIME - DAY_MS),
})

/** `<ns>.job.postcreate.completed`: notes and next feeding are on disk. */
export const jobCompletedSchema = z.strictObject({
  petId: z.string(),
  enqueuedAt: z.number(),
  completedAt: z.number(),
  processingTimeMs: z.number(),
})

/** `<ns>.pet.soft.deleted`: a pet became `deleted`. */
export const petSoftDeletedSchema = z.strictObject({
  petId: z.string(),
  name: z.string(),
  deletedAt: z.number(),
  purgeAt: z.number(),
})

/** `<ns>.pet.purged`: a pet is gone for good. */
export const petPurgedSchema = petSoftDeletedSchema.extend({ purgedAt: z.number() })

/** `<ns>.reaper.completed`: the end of a reaper's run. */
export const reaperCompletedSchema = z.strictObject({
  totalScanned: z.number(),
  purgedCount: z.number(),
  failedCount: z.number(),
})

/** The payload of `<ns>.pet.created`. */
export const petCreated = ({ id, name, species, createdAt }: Pet): z.infer<typeof petCreatedSchema> => ({
  petId: id,
  name,
  species,
  createdAt,
})

/** The payload of `<ns>.pet.soft.deleted`; throws for a pet that is not soft-deleted. */
export const petSoftDeleted = (pet: Pet): z.infer<typeof petSoftDeletedSchema> =>
  petSoftDeletedSchema.parse({ petId: pet.id, name: pet.name, deletedAt: pet.deletedAt, purgeAt: pet.purgeAt })

/**
 * The payload of `<ns>.pet.purged`; throws for a pet that no reaper has claimed. A pet that a person marked `deleted` by
 * hand may lack `deletedAt`: its `purgeAt` stands in.
 */
export const petPurged = (pet: StoredPet): z.infer<typeof petPurgedSchema> =>
  petPurgedSchema.parse({
    petId: pet.id,
    name: pet.name,
    deletedAt: pet.deletedAt ?? pet.purgeAt,
    purgeAt: pet.purgeAt,
    purgedAt: pet.purgeClaim?.purgedAt,
  })
