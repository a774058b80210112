import { z } from 'zod'

/** The species a pet can have. */
export const SPECIES = ['dog', 'cat', 'bird', 'other'] as const

/** The statuses a pet can have; `deleted` is the soft delete. */
export const STATUSES = ['new', 'available', 'pending', 'adopted', 'deleted'] as const

/** One day in ms. */
export const DAY_MS = 24 * 60 * 60 * 1000

/** How long a soft-deleted pet is kept before the reaper may purge it, in ms. */
export const RETENTION_MS = 30 * DAY_MS

/** How long after its creation, or its restore, a pet is fed next, in ms. */
export const FEEDING_INTERVAL_MS = DAY_MS

/** How long an `Idempotency-Key` counts, in ms. */
export const KEY_LIFETIME_MS = DAY_MS

/** What the PostCreateLite job writes on every new pet. */
export const WELCOME_NOTES = "Welcome to our pet store! We'll take great care of this pet."

/** The three namespaces: alike in all they do, apart in their routes and topics. */
export const NAMESPACES = ['js', 'ts', 'py'] as const

/** One of the three namespaces. */
export type Namespace = (typeof NAMESPACES)[number]

/** The last epoch ms that a `Date` can show. */
export const LAST_TIME = 8.64e15

const time = z
  .number()
  .min(-LAST_TIME)
  .max(LAST_TIME)
  .meta({ examples: [1_795_614_909_791] })

/**
 * The fields that a client sets. A field added here is accepted by create and update, stored, listed and shown. Give it
 * `.optional()` or `.default(…)`, or the pets that are stored already become invalid.
 */
export const clientFields = {
  name: z
    .string('must be a string')
    .trim()
    .regex(/\S/, 'must not be blank')
    .meta({ examples: ['Buddy'] }),
  species: z.enum(SPECIES, `must be one of ${SPECIES.join(', ')}`),
  ageMonths: z.number('must be a finite number').meta({ examples: [24] }),
}

/** A pet as the API shows it. Every `…At` is epoch milliseconds. */
export const petSchema = z
  .object({
    id: z.string().meta({ examples: ['1'] }),
    ...clientFields,
    // A person may have written any name into the data file.
    name: z.string().meta({ examples: ['Buddy'] }),
    status: z.enum(STATUSES),
    createdAt: time,
    updatedAt: time,
    notes: z
      .string()
      .meta({ examples: [WELCOME_NOTES] })
      .optional(),
    nextFeedingAt: time.optional(),
    deletedAt: time.nullish(),
    purgeAt: time.nullish(),
  })
  .meta({
    id: 'Pet',
    description: 'Every `…At` is epoch milliseconds. A pet whose `status` is `deleted` can be restored.',
  })

/** A pet as the API shows it. */
export type Pet = z.infer<typeof petSchema>

/** An event that a change of a pet caused: stored with the change, and removed once it cannot be lost any more. */
export const owedEventSchema = z.object({
  /** Tells this event from all others, so that one that is sent twice counts once. */
  id: z.string(),
  topic: z.string(),
  data: z.record(z.string(), z.unknown()),
})

/** An event that a change of a pet caused. */
export type OwedEvent = z.infer<typeof owedEventSchema>

/**
 * A pet as the store holds it: the pet, the events it still owes, and whatever a person added to the file by hand, which is
 * kept. At rest (nothing owed) it is exactly the pet, unless a client created it with an `Idempotency-Key` of the last day.
 */
export const storedPetSchema = z.looseObject({
  ...petSchema.shape,
  owed: z.array(owedEventSchema).optional(),
  /** The pet was purged: no reader sees it, and it goes for good once its last event is sent. */
  purged: z.literal(true).optional(),
  /** Hashes of the `Idempotency-Key` with which the pet was created, and of the body. Removed by a reaper once the key is over. */
  idempotency: z.object({ key: z.string(), body: z.string() }).optional(),
})

/** A pet as the store holds it. */
export type StoredPet = z.infer<typeof storedPetSchema>

/** Whether the pet still owes events. */
export const owesEvents = (pet: StoredPet): boolean => pet.owed !== undefined

/** The pet is not as the client's `If-Match` says. */
export class PetChangedError extends Error {
  override readonly name = 'PetChangedError'

  constructor() {
    super('The pet has changed: read it again')
  }
}

/** A client has sent an `Idempotency-Key` again, with another body. */
export class KeyReusedError extends Error {
  override readonly name = 'KeyReusedError'

  constructor() {
    super('This Idempotency-Key was used with another body: send a new one')
  }
}

/** There is no pet of that id. */
export class PetNotFoundError extends Error {
  override readonly name = 'PetNotFoundError'

  constructor() {
    super('Not found')
  }
}
