import request, { type Response } from 'supertest'
import { describe, expect, test } from 'vitest'
import { DAY_MS, RETENTION_MS, WELCOME_NOTES } from '../../../src/pets/pet'
import { namespaces } from '../../support/namespaces'
import { petsApi } from '../../support/pets-api'
import type { Subject } from './subject'

const UNKNOWN_IDS = ['__proto__', '999999', '0', '01', '-1', '1.0', 'abc', 'constructor', 'toString', '%00', '%2e%2e']

const AGES: [number, number][] = [
  [3.9, 3],
  [-5, 0],
  [0, 0],
  [-0.5, 0],
  [1e3, 1000],
]

/** What the endpoints promise, in each namespace, with any engine and store. */
export const petsSuite = (subject: () => Subject): void => {
  describe.each(namespaces)('/$namespace/pets', ({ namespace }) => {
    const api = () => petsApi(subject().server.url, namespace)

    test('When a pet is created, then the response is a 201 with the pet as stored at that moment', async () => {
      const before = Date.now()
      const { status, body, headers } = await api().create({ name: ' Buddy ', species: 'dog', ageMonths: 24 })
      expect(status).toBe(201)
      expect(headers['content-type']).toBe('application/json; charset=utf-8')
      expect(body).toEqual({
        id: expect.stringMatching(/^[1-9]\d*$/),
        name: 'Buddy',
        species: 'dog',
        ageMonths: 24,
        status: 'new',
        createdAt: expect.any(Number),
        updatedAt: body.createdAt,
      })
      expect(body.createdAt).toBeGreaterThanOrEqual(before)
      expect(body.createdAt).toBeLessThanOrEqual(Date.now())
    })

    test('When the body contains fields of the store or unknown ones, then they are ignored', async () => {
      const body = {
        name: 'Rex',
        species: 'other',
        ageMonths: 1,
        id: '77',
        createdAt: 1,
        notes: 'mine',
        owed: [],
        purged: true,
        x: 1,
      }
      const { body: pet } = await api().create(body).expect(201)
      expect(Object.keys(pet)).toEqual(['id', 'name', 'species', 'ageMonths', 'status', 'createdAt', 'updatedAt'])
      expect(pet.id).not.toBe('77')
      expect(pet.createdAt).toBeGreaterThan(1)
      const { body: updated } = await api()
        .update(pet.id, { ...body, purgeAt: 5, deletedAt: 5, age: 5 })
        .expect(200)
      expect(updated).toMatchObject({ id: pet.id, createdAt: pet.createdAt })
      expect(updated).not.toHaveProperty('purgeAt')
      expect(updated.notes).not.toBe('mine')
    })

    test.each(AGES)('When the age is %d, then %d whole months are stored', async (given, stored) => {
      const { body } = await api().create({ name: 'Rex', species: 'cat', ageMonths: given }).expect(201)
      expect(body.ageMonths).toBe(stored)
    })

    test('When the job is done, then the pet has its notes, and is fed exactly 24 h after its creation', async () => {
      const pet = await api().createWithJob()
      expect(Object.keys(pet)).toEqual([
        ...['id', 'name', 'species', 'ageMonths', 'status', 'createdAt', 'updatedAt', 'notes', 'nextFeedingAt'],
      ])
      expect(pet.notes).toBe(WELCOME_NOTES)
      expect(pet.nextFeedingAt).toBe(Number(pet.createdAt) + DAY_MS)
      expect(pet.updatedAt).toBeGreaterThanOrEqual(Number(pet.createdAt))
    })

    test('When fields are updated, then those change, the others stay, and updatedAt moves', async () => {
      const pet = await api().createWithJob()
      const { body } = await api().update(pet.id, { name: 'Max', status: 'available' }).expect(200)
      expect(body).toEqual({ ...pet, name: 'Max', status: 'available', updatedAt: body.updatedAt })
      expect(body.updatedAt).toBeGreaterThanOrEqual(Number(pet.updatedAt))
      const { body: stored } = await api().get(pet.id).expect(200)
      expect(stored).toEqual(body)
    })

    test('When the update is empty, then nothing changes, updatedAt included', async () => {
      const pet = await api().createWithJob()
      const { body } = await api().update(pet.id, {}).expect(200)
      expect(body).toEqual(pet)
    })

    test('When a pet is deleted, then it is kept for 30 days, and a second time changes nothing', async () => {
      const pet = await api().createWithJob()
      const { body: first } = await api().remove(pet.id).expect(202)
      const { body: deleted } = await api().get(pet.id).expect(200)
      expect(deleted).toEqual({
        ...pet,
        status: 'deleted',
        updatedAt: deleted.deletedAt,
        deletedAt: deleted.deletedAt,
        purgeAt: deleted.deletedAt + RETENTION_MS,
      })
      expect(first).toEqual({ message: 'Pet scheduled for deletion', petId: pet.id, purgeAt: deleted.purgeAt })
      const { body: second } = await api().remove(pet.id).expect(202)
      expect(second).toEqual(first)
      await api().get(pet.id).expect(200, deleted)
    })

    test('When the status is set to deleted, then that is a soft delete like any other', async () => {
      const pet = await api().createWithJob()
      const { body } = await api().update(pet.id, { status: 'deleted' }).expect(200)
      expect(body).toMatchObject({
        status: 'deleted',
        purgeAt: body.deletedAt + RETENTION_MS,
        updatedAt: body.deletedAt,
      })
      const { body: deletion } = await api().remove(pet.id).expect(202)
      expect(deletion.purgeAt).toBe(body.purgeAt)
    })

    test('When pets are listed, then all are there in the order of creation, deleted ones too', async () => {
      const { body: first } = await api().create().expect(201)
      const { body: second } = await api().create().expect(201)
      await api().remove(first.id).expect(202)
      const { body } = await api().list().expect(200)
      const ids: number[] = body.map(({ id }: { id: string }) => Number(id))
      expect(ids).toEqual([...ids].sort((a, b) => a - b))
      expect(ids.slice(-2)).toEqual([Number(first.id), Number(second.id)])
      expect(body.at(-2)).toMatchObject({ status: 'deleted' })
    })

    test('When pages are requested, then they contain every pet once, in order, and each links to the next', async () => {
      await api().create().expect(201)
      await api().create().expect(201)
      const { body: all } = await api().list().expect(200)
      const limit = Math.ceil(all.length / 3)
      const idsOf = (pets: { id: string }[]) => pets.map(({ id }) => id)
      const pages: string[][] = []
      let path: string | undefined = `${api().path}?limit=${limit}`
      while (path) {
        const { body, headers }: Response = await request(subject().server.url).get(path).expect(200)
        pages.push(idsOf(body))
        path = /^<(.*)>; rel="next"$/.exec(headers.link ?? '')?.[1]
        expect(path?.endsWith(`cursor=${headers['x-next-cursor']}`)).toBe(headers['x-next-cursor'] ? true : undefined)
      }
      expect(pages.flat()).toEqual(idsOf(all))
      expect(pages.map((page) => page.length <= limit)).not.toContain(false)
      const { body } = await request(subject().server.url).get(`${api().path}?limit=0`).expect(400)
      expect(body).toEqual({
        message: 'Invalid query: {limit, cursor, species, status, q, sort}',
        issues: [{ path: 'limit', message: 'must be an integer from 1 to 1000' }],
      })
    })

    test('When the pet does not exist, then every method responds with 404', async () => {
      for (const id of UNKNOWN_IDS) {
        await api().get(id).expect(404, { message: 'Not found' })
        await api().update(id, { name: 'Max' }).expect(404, { message: 'Not found' })
        await api().remove(id).expect(404, { message: 'Not found' })
      }
    })

    test('When a path is known and the method is not, then it is a 405 that names the methods', async () => {
      const { path } = api()
      const { headers } = await request(subject().server.url)
        .delete(path)
        .expect(405, { message: 'Method not allowed' })
      expect(headers.allow?.split(', ').sort()).toEqual(['GET', 'HEAD', 'POST'])
      const one = await request(subject().server.url).patch(`${path}/1`).expect(405, { message: 'Method not allowed' })
      expect(one.headers.allow?.split(', ').sort()).toEqual(['DELETE', 'GET', 'HEAD', 'PUT'])
    })
  })
}
