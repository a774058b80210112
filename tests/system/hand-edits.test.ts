import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { withFileLock } from 'motia-runtime'
import request from 'supertest'
import { beforeAll, describe, expect, test } from 'vitest'
import { atRest } from '../support/at-rest'
import { petsApi } from '../support/pets-api'
import { startServer, type TestServer } from '../support/server'

describe('a data file that a person edits while the server runs', () => {
  let server: TestServer
  let file: string
  beforeAll(async () => {
    server = await startServer()
    file = join(server.dataDir, 'pets.json')
  })
  const api = () => petsApi(server.url, 'js')

  /** Creates a pet, and waits until the file contains it. Returns it with the file's text. */
  const givenPet = async () => {
    const pet = await api().createWithJob()
    await atRest(server)
    return { pet, text: readFileSync(file, 'utf8') }
  }

  test('The file is the one of the specification, indented by two spaces', async () => {
    const { pet, text } = await givenPet()
    const { body: pets } = await api().list().expect(200)
    const byId = Object.fromEntries(pets.map((one: { id: string }) => [one.id, one]))
    expect(text).toBe(`${JSON.stringify({ seq: Number(pet.id) + 1, pets: byId }, null, 2)}\n`)
  })

  test('When a value is edited in place, then the next request shows it', async () => {
    const { pet, text } = await givenPet()
    writeFileSync(file, text.replaceAll('"Buddy"', '"Edited"'))
    await api()
      .get(pet.id)
      .expect(200, { ...pet, name: 'Edited' })
    const { body } = await api().update(pet.id, { ageMonths: 3 }).expect(200)
    expect(body).toMatchObject({ name: 'Edited', ageMonths: 3 })
  })

  test('When an editor replaces the file by a rename, then the next request reads the new one', async () => {
    const { pet, text } = await givenPet()
    writeFileSync(`${file}~`, text.replaceAll('"dog"', '"cat"'))
    renameSync(`${file}~`, file)
    const { body } = await api().get(pet.id).expect(200)
    expect(body.species).toBe('cat')
  })

  test('When a pet is created just before an edit is saved, then both are there', async () => {
    const { pet, text } = await givenPet()
    // The editor was opened before the create, and saves before the server updates the file, for which it needs the lock.
    const created = await withFileLock(`${file}.lock`, async () => {
      const { body: late } = await api().create({ name: 'Late', species: 'bird', ageMonths: 1 }).expect(201)
      writeFileSync(`${file}~`, text.replaceAll('"Buddy"', '"Edited"'))
      renameSync(`${file}~`, file)
      return late
    })
    const { body } = await api().list().expect(200)
    expect(body).toContainEqual({ ...pet, name: 'Edited' })
    expect(body).toContainEqual(expect.objectContaining({ id: created.id, name: 'Late' }))
    await atRest(server)
  })

  test('When a pet is added by hand, with a field of its own, then it is served, kept, and its id is not given again', async () => {
    await givenPet()
    const { seq, pets } = server.store()
    const id = String(seq + 10)
    const pet = {
      ...{ id, name: 'Hand', species: 'bird', ageMonths: 1, status: 'new', createdAt: 1, updatedAt: 1 },
      colour: 'red',
    }
    writeFileSync(file, JSON.stringify({ seq, pets: { ...pets, [id]: pet } }))
    await api().get(id).expect(200, pet)
    const { body } = await api().create().expect(201)
    expect(Number(body.id)).toBe(Number(id) + 1)
    expect((await atRest(server)).pets[id]).toEqual(pet)
  })

  test('When the file is broken, then requests get a 503 and the file stays, and everything works again once it is repaired', async () => {
    const { pet, text: good } = await givenPet()
    const broken = good.slice(0, -20)
    writeFileSync(file, broken)
    const answers = [
      await api().list(),
      await api().get(pet.id),
      await api().create(),
      await api().update(pet.id, { name: 'Max' }),
      await api().remove(pet.id),
    ]
    for (const { status, body } of answers) {
      expect(status).toBe(503)
      expect(body).toEqual({ message: expect.stringContaining('The data file is not valid JSON') })
    }
    const health = await request(server.url).get('/health').expect(503)
    expect(health.body).toEqual({
      status: 'unavailable',
      store: expect.stringContaining('not valid JSON'),
      queues: 'ok',
    })
    expect(readFileSync(file, 'utf8')).toBe(broken)

    writeFileSync(file, good)
    await api().get(pet.id).expect(200, pet)
    await api().create().expect(201)
    await request(server.url).get('/health').expect(200, { status: 'ok', store: 'ok', queues: 'ok' })
  })

  test('When a pet in the file is invalid, then the 503 names it', async () => {
    const { pet, text: good } = await givenPet()
    writeFileSync(file, good.replace(/"species": "\w+"/, '"species": "fish"'))
    const { body } = await api().get(pet.id).expect(503)
    expect(body.message).toMatch(/^The data file is not a valid store: pets\.\d+\.species: /)
    writeFileSync(file, good)
    await api().get(pet.id).expect(200)
  })

  test('When the file is removed, then the store is empty, and no id is given twice', async () => {
    const { pet } = await givenPet()
    rmSync(file)
    await api().list().expect(200, [])
    const { body } = await api().create().expect(201)
    expect(Number(body.id)).toBe(Number(pet.id) + 1)
    expect(Object.keys((await atRest(server)).pets)).toEqual([body.id])
  })
})
