import { describe, expect, test } from 'vitest'
import { buildPet } from '../store/build-pet'
import { type ApiStep, callApi } from './call-step'
import { everyNamespace } from './every-namespace'
import { fakeContext } from './fake-context'
import { givenPets } from './step-store'

const steps = await everyNamespace<ApiStep>('get-pets')

const pets = [2, 3, 64, 65, 130, 1000].map((id) => buildPet({ id: String(id) }))

describe.each(steps)('GET /%s/pets, page by page', (ns, step) => {
  const ask = (query: Record<string, string | string[]>) => callApi(step, { query }, fakeContext())

  test('When a limit is given, then that many pets come, and the headers name the next page', async () => {
    givenPets(...pets)
    expect(await ask({ limit: '2' })).toEqual({
      status: 200,
      headers: { 'X-Next-Cursor': '3', Link: `</${ns}/pets?limit=2&cursor=3>; rel="next"` },
      body: pets.slice(0, 2),
    })
  })

  test.each([1, 2, 3, 5, 6, 7, 1000])(
    'When all pages of %i pets are read, then they hold each pet once',
    async (limit) => {
      givenPets(...pets)
      const seen: unknown[] = []
      let cursor: string | undefined
      do {
        const { body, headers } = await ask({ limit: String(limit), ...(cursor ? { cursor } : {}) })
        seen.push(...Object(body))
        cursor = headers?.['X-Next-Cursor']?.toString()
      } while (cursor !== undefined)
      expect(seen).toEqual(pets)
    },
  )

  test('When a page is the last, then no header promises another', async () => {
    givenPets(...pets)
    expect(await ask({ limit: '6' })).toEqual({ status: 200, headers: {}, body: pets })
    expect(await ask({ cursor: '1000' })).toEqual({ status: 200, headers: {}, body: [] })
  })

  test('When the pet of a cursor is gone, then the page goes on behind it', async () => {
    givenPets(...pets)
    expect((await ask({ cursor: '63', limit: '1' })).body).toEqual([buildPet({ id: '64' })])
  })

  test('When a pet is purged, then no page shows it, and the pages go on behind it', async () => {
    givenPets(buildPet({ id: '1', status: 'deleted', deletedAt: 1, purgeAt: 2, purged: true }), buildPet({ id: '2' }))
    const first = await ask({ limit: '1' })
    expect(first.body).toEqual([])
    expect(first.headers).toMatchObject({ 'X-Next-Cursor': '1' })
    expect((await ask({ limit: '1', cursor: '1' })).body).toEqual([buildPet({ id: '2' })])
  })

  test.each(['0', '1001', '-1', '1.5', '1e2', ' 1', '', 'all', '99999'])(
    'When the limit is %j, then it is a 400',
    async (limit) => {
      givenPets(...pets)
      expect(await ask({ limit })).toEqual({
        status: 400,
        body: {
          message: 'Invalid query: {limit, cursor}',
          issues: [{ path: 'limit', message: 'must be an integer from 1 to 1000' }],
        },
      })
    },
  )

  test.each(['0', '-1', 'x', '', '01', '1234567890123456'])(
    'When the cursor is %j, then it is a 400',
    async (cursor) => {
      givenPets(...pets)
      expect(await ask({ cursor })).toEqual({
        status: 400,
        body: {
          message: 'Invalid query: {limit, cursor}',
          issues: [{ path: 'cursor', message: 'must be the X-Next-Cursor of a page' }],
        },
      })
    },
  )

  test('When a parameter comes twice, then it is a 400', async () => {
    givenPets(...pets)
    expect(await ask({ limit: ['1', '2'] })).toMatchObject({ status: 400 })
  })

  test('When a parameter is unknown, then it is ignored', async () => {
    givenPets(...pets)
    expect(await ask({ page: '2' })).toEqual({ status: 200, body: pets })
  })
})
