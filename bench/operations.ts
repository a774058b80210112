import type { Request } from 'autocannon'
import { samplePet } from './sample-pets'

/** The operations, in the order in which they run. GET and PUT use the pets that POST creates. DELETE deletes them. */
export const OPERATIONS = ['POST', 'GET', 'PUT', 'DELETE'] as const

/** What is measured. */
export type Operation = (typeof OPERATIONS)[number]

/** Their names in the report. */
export const OPERATION_TITLES: Record<Operation, string> = {
  POST: 'POST',
  GET: 'GET by id',
  PUT: 'PUT',
  DELETE: 'DELETE',
}

const headers = { 'content-type': 'application/json' }
const createBody = JSON.stringify({ name: 'Buddy', species: 'dog', ageMonths: 24 })

// The whole record, because json-server replaces the record by the body.
const updateBody = JSON.stringify({ ...samplePet(1), ageMonths: 36 })

/** `amount` requests to the collection at `url`: by id to the pets of `ids` in turn, each of which DELETE deletes once. */
export const requestsFor = (operation: Operation, url: string, ids: readonly string[], amount: number): Request[] => {
  const path = new URL(url).pathname
  if (operation === 'POST') return Array(amount).fill({ method: 'POST', path, headers, body: createBody })
  const body = operation === 'PUT' ? { headers, body: updateBody } : {}
  const requests = ids.map((id): Request => ({ method: operation, path: `${path}/${id}`, ...body }))
  if (operation === 'DELETE') return requests.slice(0, amount)
  return Array.from({ length: amount }, (_, index) => requests[index % requests.length] ?? {})
}
