import { z } from 'zod'
import { createPetSchema, listPetsSchema } from '../pets/payloads'

const issueSchema = z.object({ path: z.string(), message: z.string() })

/** The body of a 400. */
export const invalidPayloadSchema = z
  .object({ message: z.string(), issues: z.array(issueSchema) })
  .meta({ id: 'InvalidPayload' })

/** The body of every other error. */
export const errorSchema = z.object({ message: z.string() }).meta({ id: 'Error' })

/** The message of a 400 to a create or an update. */
export const INVALID_PAYLOAD = `Invalid payload: {${Object.keys(createPetSchema.shape).join(', ')}}`

/** The message of a 400 to a list. */
export const INVALID_QUERY = `Invalid query: {${Object.keys(listPetsSchema.shape).join(', ')}}`

/** Thrown for an invalid body or query. */
export class InvalidPayloadError extends Error {
  override readonly name = 'InvalidPayloadError'

  constructor(
    readonly issues: z.infer<typeof issueSchema>[],
    message = INVALID_PAYLOAD,
  ) {
    super(message)
  }
}

/** Returns the parsed body. Throws an `InvalidPayloadError` with `message` and the issues. */
export const parsePayload = <T>(schema: z.ZodType<T>, body: unknown, message?: string): T => {
  const parsed = schema.safeParse(body)
  if (parsed.success) return parsed.data
  const issues = parsed.error.issues.map((issue) => ({ path: issue.path.join('.'), message: issue.message }))
  throw new InvalidPayloadError(issues, message)
}
