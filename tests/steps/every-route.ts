import type { ApiResponse } from 'motia'
import { type ApiStep, callApi } from './call-step'
import { everyNamespace } from './every-namespace'
import type { FakeContext } from './fake-context'

/** A route of a namespace, with a valid request to it. The pet of id 1 must exist. */
export interface Route {
  name: string
  call: (context: FakeContext) => Promise<ApiResponse<number, unknown>>
}

const body = { name: 'Rex', species: 'dog', ageMonths: 1 }

const requests = [
  { name: 'POST /<ns>/pets', file: 'create-pet', sent: { body } },
  { name: 'PUT /<ns>/pets/:id', file: 'update-pet', sent: { id: '1', body } },
  { name: 'DELETE /<ns>/pets/:id', file: 'delete-pet', sent: { id: '1' } },
  { name: 'GET /<ns>/pets', file: 'get-pets', sent: {} },
  { name: 'GET /<ns>/pets/:id', file: 'get-pet', sent: { id: '1' } },
]

/** Imports the steps of every route of the specification. Call it once the store that they use is chosen. */
export const everyRoute = async (): Promise<Route[]> => {
  const routes = requests.map(async ({ name, file, sent }) =>
    (await everyNamespace<ApiStep>(file)).map(([ns, step]) => ({
      name: name.replace('<ns>', ns),
      call: (context: FakeContext) => callApi(step, sent, context),
    })),
  )
  return (await Promise.all(routes)).flat()
}
