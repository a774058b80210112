import { z } from 'zod'
import { clientFields, type Pet, petSchema, SPECIES, STATUSES } from './pet'

const NO_OBJECT = 'must be a JSON object'

/** The body of `POST /…/pets`. Unknown fields are ignored. */
export const createPetSchema = z.object(clientFields, NO_OBJECT).meta({ id: 'NewPet' })

/** The client's fields, each optional. A missing field stays unchanged, even if it has a default. */
const optionalFields = Object.fromEntries(
  Object.entries<z.ZodType>(clientFields).map(([name, field]) => [
    name,
    field instanceof z.ZodDefault ? z.optional(field.unwrap()) : z.optional(field),
  ]),
  // `fromEntries` loses the type of each key.
) as { [Name in keyof typeof clientFields]: z.ZodOptional<(typeof clientFields)[Name]> }

/** The body of `PUT /…/pets/:id`. Missing fields stay unchanged. Unknown fields are ignored. */
export const updatePetSchema = z
  .object(
    {
      ...optionalFields,
      status: z.enum(STATUSES, `must be one of ${STATUSES.join(', ')}`).optional(),
    },
    NO_OBJECT,
  )
  .meta({ id: 'PetChange' })

/** The maximum number of pets on a page. */
const MAX_LIMIT = 1_000
const LIMIT_RANGE = `must be an integer from 1 to ${MAX_LIMIT}`

/** Returns the schema of a parameter with one of these values. */
const oneOf = <const Value extends string>(values: readonly Value[]) =>
  z.enum(values, {
    error: ({ input }) => `must be one of ${values.join(', ')} (it is ${JSON.stringify(input)})`,
  })

/** The query of `GET /…/pets` that asks for a page. Unknown parameters are ignored. */
export const listPetsSchema = z.object({
  limit: z
    .string(LIMIT_RANGE)
    .regex(/^[1-9]\d{0,3}$/, LIMIT_RANGE)
    .transform(Number)
    .pipe(z.int().min(1).max(MAX_LIMIT, LIMIT_RANGE))
    .default(MAX_LIMIT)
    .describe(`At most this many pets, from 1 to ${MAX_LIMIT}`),
  cursor: z
    .string('must be the X-Next-Cursor of a page')
    .regex(/^[1-9]\d{0,14}$/, 'must be the X-Next-Cursor of a page')
    .nullable()
    .default(null)
    .describe('The X-Next-Cursor of the previous page'),
  species: oneOf(SPECIES).optional().describe('Only pets of this species'),
  status: oneOf(STATUSES).optional().describe('Only pets with this status'),
  q: z
    .string({ error: ({ input }) => `must be given once (it is ${JSON.stringify(input)})` })
    .optional()
    .describe('Only pets whose name contains this text, ignoring case'),
  sort: oneOf(['createdAt', '-createdAt']).optional().describe('-createdAt lists the newest first'),
})

/** The filter and the page of a list. */
export type ListPets = z.infer<typeof listPetsSchema>

/** A client's data for a new pet. */
export type CreatePet = z.infer<typeof createPetSchema>

/** A client's changes to a pet. */
export type UpdatePet = z.infer<typeof updatePetSchema>

/** The response to `GET /…/pets`. */
export const petListSchema = z.array(petSchema)

const SCHEDULED = 'Pet scheduled for deletion'

/** The response to `DELETE /…/pets/:id`. */
export const deletionSchema = z
  .object({
    message: z.string().meta({ examples: [SCHEDULED] }),
    petId: petSchema.shape.id,
    purgeAt: z.number().meta({ examples: [1_798_206_909_791] }),
  })
  .meta({ id: 'Deletion' })

/** Returns the response to the soft delete of a pet. Throws for a pet that is not soft-deleted. */
export const deletionOf = ({ id, purgeAt }: Pet): z.infer<typeof deletionSchema> =>
  deletionSchema.parse({ message: SCHEDULED, petId: id, purgeAt })
