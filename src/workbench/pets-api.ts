import type { Namespace } from '../pets/pet'
import { parseIfJson } from './json'

/** The response of an endpoint to a request of this page. */
export interface Answer {
  /** Identifies the answer. */
  id: number
  method: string
  path: string
  /** 0 if the server could not be reached. */
  status: number
  /** The body, parsed if it is JSON. */
  body: unknown
}

/** Sends a request to a pets' endpoint. */
export type Ask = (method: 'POST' | 'PUT' | 'DELETE', id: string | null, body?: object) => Promise<Answer>

let answers = 0

/**
 * Returns a function that sends a request to a namespace's real endpoints. It never rejects: errors are in the answer.
 */
export const askPets =
  (namespace: Namespace): Ask =>
  async (method, id, body) => {
    const path = id === null ? `/${namespace}/pets` : `/${namespace}/pets/${encodeURIComponent(id)}`
    answers += 1
    const request = { id: answers, method, path }
    try {
      const response = await fetch(path, {
        method,
        headers: { 'Content-Type': 'application/json' },
        body: body && JSON.stringify(body),
      })
      return { ...request, status: response.status, body: parseIfJson(await response.text()) }
    } catch (error) {
      return { ...request, status: 0, body: { message: `The server cannot be reached: ${error}` } }
    }
  }
