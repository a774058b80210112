import type { ApiDescription, OperationDescription } from 'motia-runtime'
import { z } from 'zod'
import { listPetsSchema } from '../pets/payloads'
import { KeyReusedError, NAMESPACES, PetChangedError, PetNotFoundError, petSchema, stepPrefix } from '../pets/pet'
import { INVALID_PAYLOAD } from './errors'
import { createHeadersSchema } from './idempotency'

const onePet: OperationDescription = {
  path: z.object({ id: petSchema.shape.id }),
}

const changedPet: OperationDescription = {
  ...onePet,
  headers: z.object({
    'If-Match': z
      .string()
      .optional()
      .meta({ description: 'The `ETag` of the pet. If the pet has changed since, the response is a 412' }),
    'If-None-Match': z
      .string()
      .optional()
      .meta({ description: 'An `ETag`, or `*` for any. If the pet matches it, the response is a 412' }),
  }),
}

/** The parameters and response headers of each step, by its name without the namespace. */
const described: Record<string, OperationDescription> = {
  ListPets: {
    query: listPetsSchema,
    responseHeaders: {
      200: z.object({
        'X-Next-Cursor': z.string().optional().meta({ description: 'The cursor of the next page, if there is one.' }),
        Link: z.string().optional().meta({ description: 'The address of the next page, as `rel="next"`.' }),
      }),
    },
  },
  CreatePet: { headers: createHeadersSchema },
  GetPet: onePet,
  UpdatePet: changedPet,
  DeletePet: changedPet,
}

const operations = new Map(
  NAMESPACES.flatMap((namespace) =>
    Object.entries(described).map(([name, operation]) => [`${stepPrefix(namespace)}${name}`, operation] as const),
  ),
)

/** Returns additions to the OpenAPI document that the steps' configs cannot contain. */
export const openapi = (): ApiDescription => ({
  description: `${NAMESPACES.map((namespace) => `\`/${namespace}\``).join(', ')}: they behave alike and share one store.`,
  statuses: {
    200: { description: 'The pet, or the pets' },
    201: { description: 'The new pet' },
    202: { description: 'The pet is soft-deleted, and will be purged at `purgeAt`' },
    400: {
      description: 'The body, the query or a header is invalid',
      example: { message: INVALID_PAYLOAD, issues: [{ path: 'name', message: 'must not be blank' }] },
    },
    404: { description: 'No pet has this id', example: { message: new PetNotFoundError().message } },
    412: {
      description: '`If-Match` or `If-None-Match` does not allow the change',
      example: { message: new PetChangedError().message },
    },
    422: {
      description: 'The `Idempotency-Key` was used with another body',
      example: { message: new KeyReusedError().message },
    },
    503: {
      description: 'The store cannot be used, or the handler took too long',
      example: { message: 'The request took too long' },
    },
    507: {
      description: 'The disk, or Redis, is full',
      example: { message: 'There is no space left to store the change' },
    },
  },
  operation: ({ name }) => operations.get(name),
})
