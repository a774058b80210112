import { readdirSync } from 'node:fs'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { buildPet } from '../store/build-pet'
import { callApi } from './call-step'
import { fakeContext } from './fake-context'
import { dataDir, fileText, givenFile, givenPets, storedPet } from './pet-file'

/** The store's temporary file is opened through this, so that a test can fill the disk. */
const disk = vi.hoisted(() => ({ isFull: false }))

vi.mock('node:fs/promises', async (importOriginal) => {
  const real = await importOriginal<typeof import('node:fs/promises')>()
  const open: typeof real.open = async (path, ...options) => {
    const handle = await real.open(path, ...options)
    if (disk.isFull && String(path).endsWith('.tmp')) {
      handle.writev = async () => {
        throw Object.assign(new Error(`ENOSPC: no space left on device, write '${path}'`), { code: 'ENOSPC' })
      }
    }
    return handle
  }
  return { ...real, open, default: { ...real, open } }
})

const body = { name: 'Rex', species: 'dog', ageMonths: 1 }

const writers = [
  ['POST /js/pets', await import('../../steps/javascript/create-pet.step'), { body }],
  ['POST /ts/pets', await import('../../steps/typescript/create-pet.step'), { body }],
  ['POST /py/pets', await import('../../steps/python/create-pet.step'), { body }],
  ['PUT /js/pets/:id', await import('../../steps/javascript/update-pet.step'), { id: '1', body }],
  ['PUT /ts/pets/:id', await import('../../steps/typescript/update-pet.step'), { id: '1', body }],
  ['PUT /py/pets/:id', await import('../../steps/python/update-pet.step'), { id: '1', body }],
  ['DELETE /js/pets/:id', await import('../../steps/javascript/delete-pet.step'), { id: '1' }],
  ['DELETE /ts/pets/:id', await import('../../steps/typescript/delete-pet.step'), { id: '1' }],
  ['DELETE /py/pets/:id', await import('../../steps/python/delete-pet.step'), { id: '1' }],
] as const

const readers = [
  ['GET /js/pets', await import('../../steps/javascript/get-pets.step'), {}],
  ['GET /ts/pets', await import('../../steps/typescript/get-pets.step'), {}],
  ['GET /py/pets', await import('../../steps/python/get-pets.step'), {}],
  ['GET /js/pets/:id', await import('../../steps/javascript/get-pet.step'), { id: '1' }],
  ['GET /ts/pets/:id', await import('../../steps/typescript/get-pet.step'), { id: '1' }],
  ['GET /py/pets/:id', await import('../../steps/python/get-pet.step'), { id: '1' }],
] as const

beforeEach(() => {
  disk.isFull = false
})

// `never`, since each step has a body of its own; what is sent comes off the wire whatever the type says.
const calls = [...writers, ...readers].map(([route, step, sent]) => {
  const call = (context: ReturnType<typeof fakeContext>) => callApi<never>(step, sent, context)
  return [route, call] as const
})

describe.each(calls)('%s', (_, call) => {
  test.each([
    ['cut off', '{"seq": 2, "pets": {"1":'],
    ['empty', ''],
    ['of another form', '{"seq": 2, "pets": {"1": {"id": "1", "name": 7}}}'],
  ])(
    'When the data file is %s, then it answers 503 and names the problem, not the path, and the file stays',
    async (_what, text) => {
      givenFile(text)
      const context = fakeContext()

      const response = await call(context)

      expect(response).toEqual({ status: 503, body: { message: expect.stringMatching(/^The data file is not /) } })
      expect(JSON.stringify(response)).not.toContain(dataDir)
      expect(fileText()).toBe(text)
      expect(context.emitted).toEqual([])
      expect(context.logged).toEqual([
        ['error', Object(response.body).message, { code: 'STORE_INVALID', error: expect.any(Error) }],
      ])
    },
  )

  test('When the broken file is mended, then it answers again', async () => {
    givenFile('{')
    expect((await call(fakeContext())).status).toBe(503)
    givenPets(buildPet({ id: '1' }))
    expect((await call(fakeContext())).status).toBeLessThan(300)
  })
})

describe.each(calls.slice(0, writers.length))('%s', (_, call) => {
  test('When the disk is full, then it answers 507, nothing changes, and it works again once there is space', async () => {
    givenPets(buildPet({ id: '1' }))
    const before = fileText()
    disk.isFull = true
    const context = fakeContext()

    const response = await call(context)

    expect(response).toEqual({ status: 507, body: { message: 'There is no space left to store the change' } })
    expect(context.emitted).toEqual([])
    expect(context.logged).toMatchObject([
      ['error', 'There is no space left to store the change', { code: 'STORE_FULL', error: { code: 'ENOSPC' } }],
    ])
    expect(fileText()).toBe(before)
    expect(readdirSync(dataDir).sort()).toEqual(['pets.json', 'pets.json.lock'])

    disk.isFull = false
    expect((await call(fakeContext())).status).toBeLessThan(300)
    expect(storedPet('1')).toBeDefined()
  })
})
