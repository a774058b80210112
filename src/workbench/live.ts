import { z } from 'zod'
import { petSchema } from '../pets/pet'

/** Where the page asks for news. For `npm run dev` only. */
export const LIVE_PATH = '/__pets/live'

/** Where Monaco's files are. For `npm run dev` only. */
export const MONACO_PATH = '/__pets/monaco'

const auditLineSchema = z.object({
  /** Where the line begins in the file, in bytes. */
  offset: z.number(),
  /** Epoch ms. */
  at: z.number(),
  topic: z.string(),
  traceId: z.string(),
  data: z.record(z.string(), z.unknown()),
})

/** One line of the audit trail. */
export type AuditLine = z.infer<typeof auditLineSchema>

/** What is new since the page last asked. */
export const newsSchema = z.object({
  store: z.object({
    /** Changes with the data file. */
    stamp: z.string(),
    /** Every pet, where the stamp is not the one the page named; absent where nothing changed or the store is broken. */
    pets: z.array(petSchema).optional(),
    /** Why the store cannot be read. */
    error: z.string().optional(),
  }),
  audit: z.object({
    lines: z.array(auditLineSchema),
    /** Where to go on from, in bytes. */
    end: z.number(),
    /** The file is not the one the page has read: what it knows is to be forgotten. */
    isNew: z.boolean(),
  }),
})

/** What is new since the page last asked. */
export type News = z.infer<typeof newsSchema>

/** A line of the file as `AuditLine`, or nothing for one that a person made unreadable. */
export const readAuditLine = (text: string, offset: number): AuditLine[] => {
  try {
    const parsed = auditLineSchema.safeParse({ ...JSON.parse(text), offset })
    return parsed.success ? [parsed.data] : []
  } catch {
    return []
  }
}
