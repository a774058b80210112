import { z } from 'zod'
import { petSchema, SPECIES, STATUSES } from './pet'

const NO_OBJECT = 'must be a JSON object'

const name = z.string('must be a string').trim().min(1, 'must not be blank')
const species = z.enum(SPECIES, `must be one of ${SPECIES.join(', ')}`)
const ageMonths = z.number('must be a finite number')

/** The body of `POST /…/pets`. Unknown fields are ignored. */
export const createPetSchema = z.object({ name, species, ageMonths }, NO_OBJECT)

/** The body of `PUT /…/pets/:id`. Fields that are absent stay; unknown fields are ignored. */
export const updatePetSchema = z.object(
  {
    name: name.optional(),
    species: species.optional(),
    ageMonths: ageMonths.optional(),
    status: z.enum(STATUSES, `must be one of ${STATUSES.join(', ')}`).optional(),
  },
  NO_OBJECT,
)

/** What a client may say of a new pet. */
export type CreatePet = z.infer<typeof createPetSchema>

/** What a client may change. */
export type UpdatePet = z.infer<typeof updatePetSchema>

/** The answer to `GET /…/pets`. */
export const petListSchema = z.array(petSchema)

/** The answer to `DELETE /…/pets/:id`. */
export const deletionSchema = z.object({ message: z.string(), petId: z.string(), purgeAt: z.number() })
