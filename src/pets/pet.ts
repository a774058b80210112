import { z } from 'zod'

/** The species a pet can have. */
export const SPECIES = ['dog', 'cat', 'bird', 'other'] as const

/** The statuses a pet can have; `deleted` is the soft delete. */
export const STATUSES = ['new', 'available', 'pending', 'adopted', 'deleted'] as const

/** One day in ms. */
export const DAY_MS = 24 * 60 * 60 * 1000

/** How long a soft-deleted pet is kept before the reaper may purge it, in ms. */
export const RETENTION_MS = 30 * DAY_MS

/** The time between the creation, or the restore, of a pet and its feeding, in ms. */
export const FEEDING_INTERVAL_MS = DAY_MS

/** How long an `Idempotency-Key` is valid, in ms. */
export const KEY_LIFETIME_MS = DAY_MS

/** The notes that the PostCreateLite job adds to every new pet. */
export const WELCOME_NOTES = "Welcome to our pet store! We'll take great care of this pet."

/** The namespaces. They differ only in their routes and topics. */
export const NAMESPACES = ['js', 'ts', 'py'] as const

/** One of the namespaces. */
export type Namespace = (typeof NAMESPACES)[number]

/** The folder of each namespace's steps. */
export const STEP_FOLDERS = { js: 'javascript', ts: 'typescript', py: 'python' }

/** Returns how the names of a namespace's steps begin. */
export const stepPrefix = (namespace: string): string => `${namespace.charAt(0).toUpperCase()}${namespace.slice(1)}`

/** The last epoch ms that a `Date` can show. */
export const LAST_TIME = 8.64e15

const time = z
  .number()
  .min(-LAST_TIME)
  .max(LAST_TIME)
  .meta({ examples: [1_795_614_909_791] })

/**
 * The fields that a client sets. A new field needs no other change. Give it `.optional()` or `.default(…)`, or the
 * stored pets become invalid.
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
    // Somebody may have written any name into the data file.
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

/** An event of a change to a pet. It is stored with the change, and removed once it is settled. */
const owedEventSchema = z.object({
  /** Identifies the event, so that it counts once if it is sent twice. */
  id: z.string(),
  topic: z.string(),
  data: z.record(z.string(), z.unknown()),
  /** The trace of the change. The event continues it, also if it is sent after a crash. */
  traceId: z.string().optional(),
})

/** An event of a change to a pet. */
export type OwedEvent = z.infer<typeof owedEventSchema>

/**
 * A pet in the store: the pet, the events that it owes, and any fields that somebody has added to the file. At rest,
 * when it owes nothing, it is exactly the pet, unless a client created it with an `Idempotency-Key` in the last day.
 */
export const storedPetSchema = z.looseObject({
  ...petSchema.shape,
  owed: z.array(owedEventSchema).optional(),
  /** The pet was purged. No reader sees it, and it is removed once its last event is sent. */
  purged: z.literal(true).optional(),
  /** Hashes of the `Idempotency-Key` of the create, and of its body. A reaper removes them once the key has expired. */
  idempotency: z.object({ key: z.string(), body: z.string() }).optional(),
})

/** A pet in the store. */
export type StoredPet = z.infer<typeof storedPetSchema>

/** Returns whether the pet still owes events. */
export const owesEvents = (pet: StoredPet): boolean => pet.owed !== undefined

/** Thrown if the client's `If-Match` or `If-None-Match` does not allow the change. */
export class PetChangedError extends Error {
  override readonly name = 'PetChangedError'

  constructor(message = 'The pet has changed: read it again') {
    super(message)
  }
}

/** Thrown if a client sends an `Idempotency-Key` again with another body. */
export class KeyReusedError extends Error {
  override readonly name = 'KeyReusedError'

  constructor() {
    super('This Idempotency-Key was used with another body: send a new one')
  }
}

/** Thrown if there is no pet with that id. */
export class PetNotFoundError extends Error {
  override readonly name = 'PetNotFoundError'

  constructor() {
    super('Not found')
  }
}
