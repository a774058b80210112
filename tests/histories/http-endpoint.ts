import type { OutgoingHttpHeaders } from 'node:http'
import { z } from 'zod'
import { NAMESPACES } from '../../src/pets/pet'
import { type Answer, Client, codeOf } from '../chaos/client'
import { type Endpoint, NotDone, type SeenVersion } from './clients'

/** How long a client waits for a response, in ms. */
const PATIENCE_MS = 1_000

const seenPet = z.object({ name: z.string(), ageMonths: z.number(), status: z.string() })
const createdPet = seenPet.extend({ id: z.string() })

/** Returns a server as a client sees it that gives up after a second, and then reads only, until there is a response again. */
export const httpEndpoint = (url: string, namespace: (typeof NAMESPACES)[number] = NAMESPACES[0]): Endpoint => {
  let client = new Client(url)
  let isSuspect = false

  const send = async (method: string, path: string, body?: object, headers?: OutgoingHttpHeaders): Promise<Answer> => {
    if (isSuspect && method !== 'GET') throw new NotDone('The server is suspect')
    const giveUp = setTimeout(() => {
      isSuspect = true
      client.close()
      client = new Client(url)
    }, PATIENCE_MS)
    try {
      const answer = await client.send(method, `/${namespace}/pets${path}`, body, headers)
      isSuspect = false
      if (answer.status < 300 || answer.status === 404 || answer.status === 412) return answer
      // A store that is away may make the change later.
      if (answer.status === 503) throw new Error(answer.text)
      throw new NotDone(`${method} ${path}: ${answer.status} ${answer.text}`)
    } catch (error) {
      if (codeOf(error) === 'ECONNREFUSED') throw new NotDone('The server is away')
      throw error
    } finally {
      clearTimeout(giveUp)
    }
  }
  const versionIn = ({ status, body, headers }: Answer): SeenVersion | null =>
    status === 404 ? null : { saw: seenPet.parse(body), etag: z.string().parse(headers.etag) }
  return {
    create: async (fields, key) => {
      const answer = await send('POST', '', { ...fields, species: 'dog' }, { 'Idempotency-Key': key })
      const { id, ...saw } = createdPet.parse(answer.body)
      return { id, saw }
    },
    update: async (id, fields, ifMatch) => {
      const answer = await send('PUT', `/${id}`, fields, ifMatch === undefined ? {} : { 'If-Match': ifMatch })
      return answer.status === 412 ? 'changed' : versionIn(answer)
    },
    remove: async (id) => (await send('DELETE', `/${id}`)).status !== 404,
    read: async (id) => versionIn(await send('GET', `/${id}`)),
    list: async () => {
      const pets = z.array(createdPet).parse((await send('GET', '')).body)
      return new Map(pets.map(({ id, ...saw }) => [id, saw]))
    },
    close: () => client.close(),
  }
}
