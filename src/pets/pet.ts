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

/** How long a reaper's run has to finish a purge that it claimed, before the next run takes it over, in ms. */
export const PURGE_CLAIM_MS = 10_000

/** What the PostCreateLite job writes on every new pet. */
export const WELCOME_NOTES = "Welcome to our pet store! We'll take great care of this pet."

/** The three namespaces: alike in all they do, apart in their routes and topics. */
export const NAMESPACES = ['js', 'ts', 'py'] as const

/** One of the three namespaces. */
export type Namespace = (typeof NAMESPACES)[number]

/** The last epoch ms that a `Date` can show. */
export const LAST_TIME = 8.64e15

const time = z.number().min(-LAST_TIME).max(LAST_TIME)

/**
 * A pet as the API shows it. Every `…At` is epoch milliseconds. The numbers are plain `z.number()`: Motia's type generator
 * knows `number` and turns JSON Schema's `integer` into `unknown`.
 */
export const petSchema = z.object({
  id: z.string(),
  name: z.string(),
  species: z.enum(SPECIES),
  ageMonths: z.number(),
  status: z.enum(STATUSES),
  createdAt: time,
  updatedAt: time,
  notes: z.string().optional(),
  nextFeedingAt: time.optional(),
  deletedAt: time.nullish(),
  purgeAt: time.nullish(),
})

/** A pet as the API shows it. */
export type Pet = z.infer<typeof petSchema>

/** The job a pet is still owed: written with the pet in one replace, removed by the job's own write, so a crash loses no job. */
export const owedJobSchema = z.object({
  namespace: z.enum(NAMESPACES),
  /** Epoch ms; the feeding interval counts from here. */
  enqueuedAt: z.number(),
})

/** The purge a reaper has decided on: from here on the pet is gone for every reader, its event and removal follow. */
export const purgeClaimSchema = z.object({
  namespace: z.enum(NAMESPACES),
  /** Epoch ms: when it was decided. The same in every attempt, so that a repeated event is recognised. */
  purgedAt: z.number(),
  /** Epoch ms: when the run that works on it took it. */
  claimedAt: z.number(),
})

/**
 * A pet as the data file holds it: the pet, what is still owed to it, and whatever a person added by hand, which is kept.
 * At rest (no job and no purge under way) it is exactly the pet.
 */
export const storedPetSchema = z.looseObject({
  ...petSchema.shape,
  owedJob: owedJobSchema.optional(),
  purgeClaim: purgeClaimSchema.optional(),
})

/** A pet as the data file holds it. */
export type StoredPet = z.infer<typeof storedPetSchema>
