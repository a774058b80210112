import { afterAll, beforeAll, expect, test } from 'vitest'
import type { RunningContender } from '../../bench/contenders/contender'
import { peer } from '../../bench/contenders/peer'
import { waitFor } from '../support/wait-for'

// The benchmark is meaningful only if the peer does the same work as the pet store.

let server: RunningContender

beforeAll(async () => {
  server = await peer.start(3)
}, 30_000)
afterAll(() => server.end())

const send = async (method: string, path = '', body?: object) => {
  const headers = { 'content-type': 'application/json' }
  const response = await fetch(`${server.url}${path}`, { method, ...(body && { headers, body: JSON.stringify(body) }) })
  return { status: response.status, body: JSON.parse(await response.text()) }
}

const create = async (): Promise<{ id: string; createdAt: number }> =>
  (await send('POST', '', { name: 'Buddy', species: 'dog', ageMonths: 24 })).body

const withNotes = (id: string) =>
  waitFor(async () => {
    const { body } = await send('GET', `/${id}`)
    return body.notes !== undefined && body
  })

test('When a pet is created, then the 201 has the fields of the specification, and the job adds the others', async () => {
  const { status, body } = await send('POST', '', { name: 'Buddy', species: 'dog', ageMonths: 24.7, id: '9' })
  const { createdAt } = body
  const asCreated = { id: '4', name: 'Buddy', species: 'dog', ageMonths: 24, status: 'new', createdAt }
  expect(status).toBe(201)
  expect(body).toEqual({ ...asCreated, updatedAt: createdAt })
  expect(await withNotes('4')).toEqual({
    ...{ ...asCreated, updatedAt: expect.any(Number), nextFeedingAt: createdAt + 24 * 60 * 60 * 1000 },
    notes: "Welcome to our pet store! We'll take great care of this pet.",
  })
})

test('When a pet is deleted and restored, then its times come and go, and its audit trail has each event once', async () => {
  const before = await server.auditedEvents?.()
  const { id } = await create()
  await withNotes(id)
  const deletion = await send('DELETE', `/${id}`)
  expect(deletion).toEqual({
    status: 202,
    body: { message: 'Pet scheduled for deletion', petId: id, purgeAt: expect.any(Number) },
  })
  expect((await send('DELETE', `/${id}`)).body.purgeAt).toBe(deletion.body.purgeAt)
  expect((await send('GET', `/${id}`)).body).toMatchObject({ status: 'deleted', purgeAt: deletion.body.purgeAt })
  const restored = await send('PUT', `/${id}`, { status: 'available', name: 'Milo' })
  expect(restored.body).toMatchObject({ name: 'Milo', species: 'dog', status: 'available' })
  expect(restored.body).not.toHaveProperty('purgeAt')
  // Created, job done, deleted, job done again.
  await waitFor(async () => (await server.auditedEvents?.()) === Number(before) + 4)
})

test.each([
  ['POST', '', { name: ' ', species: 'dog', ageMonths: 1 }, 400],
  ['POST', '', { name: 'Buddy', species: 'fish', ageMonths: 1 }, 400],
  ['POST', '', { name: 'Buddy', species: 'dog', ageMonths: '1' }, 400],
  ['PUT', '/1', { status: 'gone' }, 400],
  ['PUT', '/77', { name: 'Milo' }, 404],
  ['GET', '/77', undefined, 404],
  ['DELETE', '/77', undefined, 404],
])('When %s %s has %j, then the status is %i', async (method, path, body, status) => {
  expect((await send(method, path, body)).status).toBe(status)
})
