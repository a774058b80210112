import request, { type Test } from 'supertest'
import { WELCOME_NOTES } from '../../src/pets/pet'
import { waitFor } from './wait-for'

/** The endpoints of one namespace. */
export const petsApi = (url: string, namespace: string) => {
  const path = `/${namespace}/pets`
  const get = (id: string): Test => request(url).get(`${path}/${id}`)
  const create = (body: unknown = { name: 'Buddy', species: 'dog', ageMonths: 24 }): Test =>
    request(url).post(path).send(Object(body))
  return {
    path,
    create,
    list: (): Test => request(url).get(path),
    get,
    update: (id: string, body: unknown): Test => request(url).put(`${path}/${id}`).send(Object(body)),
    remove: (id: string): Test => request(url).delete(`${path}/${id}`),
    /** Creates a pet and waits until its job is done. Returns the pet in that state. */
    createWithJob: async (body?: unknown): Promise<Record<string, unknown> & { id: string }> => {
      const { body: pet } = await create(body).expect(201)
      return waitFor(
        async () => {
          const { body: now } = await get(pet.id).expect(200)
          return now.notes === WELCOME_NOTES && now
        },
        { what: `the job of pet ${pet.id}`, timeout: 15_000 },
      )
    },
  }
}

/** One namespace's endpoints, for tests. */
export type PetsApi = ReturnType<typeof petsApi>
