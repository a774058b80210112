import request from 'supertest'
import { describe, expect, test } from 'vitest'
import { namespaces } from '../../support/namespaces'
import { petsApi } from '../../support/pets-api'
import type { Subject } from './subject'

const MESSAGE = 'Invalid payload: {name, species, ageMonths}'
const NAME = { path: 'name', message: 'must be a string' }
const BLANK = { path: 'name', message: 'must not be blank' }
const SPECIES = { path: 'species', message: 'must be one of dog, cat, bird, other' }
const AGE = { path: 'ageMonths', message: 'must be a finite number' }
const STATUS = { path: 'status', message: 'must be one of new, available, pending, adopted, deleted' }
const NO_OBJECT = { path: '', message: 'must be a JSON object' }
const NO_JSON = { path: '', message: 'The body is not valid JSON' }

const pet = { name: 'Buddy', species: 'dog', ageMonths: 24 }

/** Bodies that no pet can be created from, as they go over the wire, and what is wrong with each. */
const BAD_CREATES: [string, object[]][] = [
  ['{}', [NAME, SPECIES, AGE]],
  [JSON.stringify({ ...pet, name: undefined }), [NAME]],
  [JSON.stringify({ ...pet, name: '' }), [BLANK]],
  [JSON.stringify({ ...pet, name: ' \t ' }), [BLANK]],
  [JSON.stringify({ ...pet, name: 5 }), [NAME]],
  [JSON.stringify({ ...pet, name: null }), [NAME]],
  [JSON.stringify({ ...pet, species: 'fish' }), [SPECIES]],
  [JSON.stringify({ ...pet, species: 'Dog' }), [SPECIES]],
  [JSON.stringify({ ...pet, species: '__proto__' }), [SPECIES]],
  [JSON.stringify({ ...pet, ageMonths: '24' }), [AGE]],
  [JSON.stringify({ ...pet, ageMonths: null }), [AGE]],
  ['{"name":"Buddy","species":"dog","ageMonths":1e999}', [AGE]],
  [JSON.stringify({ name: ' ', species: 'fish', ageMonths: [] }), [BLANK, SPECIES, AGE]],
  ['[]', [NO_OBJECT]],
  [JSON.stringify([pet]), [NO_OBJECT]],
  ['"Buddy"', [NO_OBJECT]],
  ['null', [NO_OBJECT]],
  ['24', [NO_OBJECT]],
  ['{"name": "Buddy"', [NO_JSON]],
  ["{name: 'Buddy'}", [NO_JSON]],
]

const BAD_UPDATES: [string, object[]][] = [
  [JSON.stringify({ name: '  ' }), [BLANK]],
  [JSON.stringify({ name: 5 }), [NAME]],
  [JSON.stringify({ species: 'fish' }), [SPECIES]],
  [JSON.stringify({ ageMonths: 'old' }), [AGE]],
  [JSON.stringify({ status: 'gone' }), [STATUS]],
  [JSON.stringify({ status: null, name: '' }), [BLANK, STATUS]],
  ['[]', [NO_OBJECT]],
  ['true', [NO_OBJECT]],
  ['{', [NO_JSON]],
]

/** What the endpoints refuse, in each namespace, with any engine and store. */
export const validationSuite = (subject: () => Subject): void => {
  describe.each(namespaces)('/$namespace/pets', ({ namespace }) => {
    const api = () => petsApi(subject().server.url, namespace)
    const send = (method: 'post' | 'put', path: string, body: string) =>
      request(subject().server.url)[method](path).set('Content-Type', 'application/json').send(body)

    test('When a body is not a valid pet, then the 400 says why, and nothing is stored', async () => {
      await api().createWithJob()
      const { body: before } = await api().list().expect(200)
      for (const [body, issues] of BAD_CREATES) {
        const answer = await send('post', api().path, body)
        expect({ body, status: answer.status, answer: answer.body }).toEqual({
          body,
          status: 400,
          answer: { message: MESSAGE, issues },
        })
      }
      await api().list().expect(200, before)
    })

    test('When an update is invalid, then the 400 says why, and the pet stays as it is', async () => {
      const before = await api().createWithJob()
      for (const [body, issues] of BAD_UPDATES) {
        const answer = await send('put', `${api().path}/${before.id}`, body)
        expect({ body, status: answer.status, answer: answer.body }).toEqual({
          body,
          status: 400,
          answer: { message: MESSAGE, issues },
        })
      }
      await api().get(before.id).expect(200, before)
    })

    test('When a body has more than 100 kB, then it is a 413', async () => {
      const name = 'x'.repeat(100 * 1024)
      const { body } = await api()
        .create({ ...pet, name })
        .expect(413)
      expect(body).toEqual({ message: 'The body is too large: at most 100kb are accepted' })
    })

    test('When a body has just under 100 kB, then the pet is stored whole', async () => {
      const name = 'é'.repeat(50_000)
      const { body } = await api()
        .create({ ...pet, name })
        .expect(201)
      expect(body.name).toBe(name)
      await api().remove(body.id).expect(202)
    })
  })

  test('No refusal contains a path or a stack', async () => {
    const { url } = subject().server
    const answers = [
      await send400(url, '{'),
      await request(url).get('/js/pets/%zz'),
      await request(url).post('/js/pets').set('Content-Type', 'application/json; charset=koi8-r').send('{}'),
      await request(url).post('/js/pets').set('Content-Encoding', 'nonsense').send('{}'),
      await request(url).get('/js/pets/__proto__'),
    ]
    expect(answers.map(({ status }) => status)).toEqual([400, 400, 415, 415, 404])
    for (const { text, type } of answers) {
      expect(type).toBe('application/json')
      expect(text).not.toMatch(/\bat |\.ts|\.js|node_modules|\/work|stack/)
    }
  })
}

const send400 = (url: string, body: string) =>
  request(url).post('/js/pets').set('Content-Type', 'application/json').send(body)
