import type { ApiResponse } from 'motia'
import { type ApiStep, callApi } from './call-step'
import type { FakeContext } from './fake-context'

/** A route of a namespace, with a valid request to it. The pet of id 1 must exist. */
export interface Route {
  name: string
  call: (context: FakeContext) => Promise<ApiResponse<number, unknown>>
}

const body = { name: 'Rex', species: 'dog', ageMonths: 1 }

const folders = { js: 'javascript', ts: 'typescript', py: 'python' } as const

const requests = [
  { name: 'POST /<ns>/pets', file: 'create-pet', sent: { body } },
  { name: 'PUT /<ns>/pets/:id', file: 'update-pet', sent: { id: '1', body } },
  { name: 'DELETE /<ns>/pets/:id', file: 'delete-pet', sent: { id: '1' } },
  { name: 'GET /<ns>/pets', file: 'get-pets', sent: {} },
  { name: 'GET /<ns>/pets/:id', file: 'get-pet', sent: { id: '1' } },
] as const

/** Imports the steps of every route of the three namespaces. To be called once the store they use is chosen. */
export const everyRoute = async (): Promise<Route[]> =>
  Promise.all(
    Object.entries(folders).flatMap(([ns, folder]) =>
      requests.map(async ({ name, file, sent }) => {
        const step: ApiStep<unknown> = await import(`../../steps/${folder}/${file}.step.ts`)
        return { name: name.replace('<ns>', ns), call: (context) => callApi(step, sent, context) }
      }),
    ),
  )
