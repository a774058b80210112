import { z } from 'zod'
import { createPetSchema, listPetsSchema } from '../pets/payloads'

const issueSchema = z.object({ path: z.string(), message: z.string() })

/** The body of a 400. */
export const invalidPayloadSchema = z
  .object({ message: z.string(), issues: z.array(issueSchema) })
  .meta({ id: 'InvalidPayload' })

/** The body of every other error. */
export const errorSchema = z.object({ message: z.string() }).meta({ id: 'Error' })

/** What a 400 says first, on create and update alike. */
export const INVALID_PAYLOAD = `Invalid payload: {${Object.keys(createPetSchema.shape).join(', ')}}`

/** What a 400 of a list says first. */
export const INVALID_QUERY = `Invalid query: {${Object.keys(listPetsSchema.shape).join(', ')}}`

/** A body, or a query, that is not what the endpoint takes. */
export class InvalidPayloadError extends Error {
  override readonly name = 'InvalidPayloadError'

  constructor(
    readonly issues: z.infer<typeof issueSchema>[],
    message = INVALID_PAYLOAD,
  ) {
    super(message)
  }
}

/** The body as the schema reads it; throws an `InvalidPayloadError` that lists what is wrong, after `message`. */
export const parsePayload = <T>(schema: z.ZodType<T>, body: unknown, message?: string): T => {
  const parsed = schema.safeParse(body)
  if (parsed.success) return parsed.data
  const issues = parsed.error.issues.map((issue) => ({ path: issue.path.join('.'), message: issue.message }))
  throw new InvalidPayloadError(issues, message)
}
