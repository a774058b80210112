import type { Request } from 'autocannon'
import { createBody, updateBody } from './sample-pets'

/** What is measured, by the name of the results. */
export type Operation = 'get' | 'list' | 'post' | 'put'

/** The operations in the order of the report, and how it calls them. */
export const OPERATION_TITLES: Record<Operation, string> = {
  get: 'GET by id',
  list: 'GET list',
  post: 'POST',
  put: 'PUT',
}

/** How many different pets the requests by id ask for. */
const IDS = 100

const headers = { 'content-type': 'application/json' }

/** The requests of an operation on the collection at `url`, spread evenly over its `pets` pets. */
export const requestsFor = (operation: Operation, url: string, pets: number): Request[] => {
  const path = new URL(url).pathname
  const ids = Array.from({ length: IDS }, (_, index) => 1 + Math.floor((index * pets) / IDS))
  if (operation === 'list') return [{ method: 'GET', path }]
  if (operation === 'post') return [{ method: 'POST', path, headers, body: createBody }]
  if (operation === 'get') return ids.map((id) => ({ method: 'GET', path: `${path}/${id}` }))
  return ids.map((id) => ({ method: 'PUT', path: `${path}/${id}`, headers, body: updateBody(id) }))
}
