import { z } from 'zod'
import { type KeyedLine, keyedLineSchema } from '../events/audit'
import { petSchema } from '../pets/pet'

/** Where the page asks for news. For `npm run dev` only. */
export const LIVE_PATH = '/__pets/live'

/** Where Monaco's files are. For `npm run dev` only. */
export const MONACO_PATH = '/__pets/monaco'

/** One line of the audit trail. */
export type AuditLine = KeyedLine

/** What is new since the page last asked. */
export const newsSchema = z.object({
  store: z.object({
    /** Changes with what is stored. */
    stamp: z.string(),
    /**
     * Every pet, or the newest of very many, where the stamp is not the one the page named; absent where nothing changed or the
     * store is broken.
     */
    pets: z.array(petSchema).optional(),
    /** There are older pets than those. */
    isPart: z.boolean().optional(),
    /** Why the store cannot be read. */
    error: z.string().optional(),
  }),
  audit: z.object({
    lines: z.array(keyedLineSchema),
    /** Where to go on from. */
    end: z.string(),
    /** The trail is not the one the page has read: what it knows is to be forgotten. */
    isNew: z.boolean(),
  }),
})

/** What is new since the page last asked. */
export type News = z.infer<typeof newsSchema>
