import { describe, expect, test } from 'vitest'
import { INVALID_QUERY } from '../../src/http/errors'
import { buildPet } from '../store/build-pet'
import { type ApiStep, callApi } from './call-step'
import { everyNamespace } from './every-namespace'
import { fakeContext } from './fake-context'
import { givenPets } from './step-store'

const steps = await everyNamespace<ApiStep>('get-pets')

const pets = [2, 3, 64, 65, 130, 1000].map((id) => buildPet({ id: String(id) }))

describe.each(steps)('GET /%s/pets, page by page', (ns, step) => {
  const ask = (query: Record<string, string | string[]>) => callApi(step, { query }, fakeContext())

  test('When a limit is given, then that many pets are returned, and the headers name the next page', async () => {
    givenPets(...pets)
    expect(await ask({ limit: '2' })).toEqual({
      status: 200,
      headers: { 'X-Next-Cursor': '3', Link: `</${ns}/pets?limit=2&cursor=3>; rel="next"` },
      body: pets.slice(0, 2),
    })
  })

  test.each([1, 2, 3, 5, 6, 7, 1000])(
    'When all pages of %i pets are read, then they contain each pet once',
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

  test('When a page is the last, then no header points to another', async () => {
    givenPets(...pets)
    expect(await ask({ limit: '6' })).toEqual({ status: 200, headers: {}, body: pets })
    expect(await ask({ cursor: '1000' })).toEqual({ status: 200, headers: {}, body: [] })
  })

  test('When the pet of a cursor is gone, then the page continues after it', async () => {
    givenPets(...pets)
    expect((await ask({ cursor: '63', limit: '1' })).body).toEqual([buildPet({ id: '64' })])
  })

  test('When a pet is purged, then no page shows it, and the pages continue after it', async () => {
    givenPets(buildPet({ id: '1', status: 'deleted', deletedAt: 1, purgeAt: 2, purged: true }), buildPet({ id: '2' }))
    expect(await ask({ limit: '1' })).toEqual({ status: 200, headers: {}, body: [buildPet({ id: '2' })] })
  })

  test.each(['0', '1001', '-1', '1.5', '1e2', ' 1', '', 'all', '99999'])(
    'When the limit is %j, then it is a 400',
    async (limit) => {
      givenPets(...pets)
      expect(await ask({ limit })).toEqual({
        status: 400,
        body: {
          message: INVALID_QUERY,
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
          message: INVALID_QUERY,
          issues: [{ path: 'cursor', message: 'must be the X-Next-Cursor of a page' }],
        },
      })
    },
  )

  test('When a parameter is given twice, then it is a 400', async () => {
    givenPets(...pets)
    expect(await ask({ limit: ['1', '2'] })).toMatchObject({ status: 400 })
  })

  test('When a parameter is unknown, then it is ignored', async () => {
    givenPets(...pets)
    expect(await ask({ page: '2' })).toEqual({ status: 200, body: pets })
  })

  describe('with filters', () => {
    const rex = buildPet({ id: '1', name: 'Rex', species: 'dog', status: 'available' })
    const trex = buildPet({ id: '2', name: 'T-REX & son', species: 'other' })
    const whiskers = buildPet({ id: '3', name: 'Whiskers', species: 'cat', status: 'available' })
    const elodie = buildPet({ id: '4', name: 'Élodie', species: 'cat' })
    const all = [rex, trex, whiskers, elodie]

    test.each([
      [{ species: 'cat' }, [whiskers, elodie]],
      [{ status: 'available' }, [rex, whiskers]],
      [{ species: 'cat', status: 'available' }, [whiskers]],
      [{ q: 'rex' }, [rex, trex]],
      [{ q: 'X & S' }, [trex]],
      [{ q: 'éLO' }, [elodie]],
      [{ q: 'e\u0301lo' }, [elodie]],
      [{ q: '.' }, []],
      [{ q: '' }, all],
      [{ species: 'bird' }, []],
      [{ sort: 'createdAt' }, all],
      [{ sort: '-createdAt' }, all.toReversed()],
      [{ sort: '-createdAt', q: 'e', species: 'cat' }, [elodie, whiskers]],
      [{ sort: '-createdAt', cursor: '3' }, [trex, rex]],
      [{ species: 'cat', colour: 'red' }, [whiskers, elodie]],
    ])('When the query is %j, then one page contains these pets', async (query, body) => {
      givenPets(...all)
      expect(await ask(query)).toEqual({ status: 200, headers: {}, body })
    })

    test('When there are more, then the link to the next page keeps the filters', async () => {
      givenPets(...all)
      const { headers, body } = await ask({ limit: '1', q: 'rex &>"', sort: '-createdAt' })
      expect([headers, body]).toEqual([{}, []])

      const query: Record<string, string> = { limit: '1', q: 'E', sort: '-createdAt', cursor: '4' }
      const seen: unknown[] = []
      for (;;) {
        const page = await ask(query)
        seen.push(...Object(page.body))
        const link = page.headers?.Link?.toString()
        if (!link) break
        const next = new URL(link.slice(1, link.indexOf('>')), 'http://localhost')
        expect(next.pathname).toBe(`/${ns}/pets`)
        expect(Object.fromEntries(next.searchParams)).toEqual({ ...query, cursor: page.headers?.['X-Next-Cursor'] })
        query.cursor = next.searchParams.get('cursor') ?? ''
      }
      expect(seen).toEqual([whiskers, trex, rex])
    })

    test('When only filters are given, then pages of a thousand follow', async () => {
      givenPets(...Array.from({ length: 1_001 }, (_, index) => buildPet({ ...rex, id: String(index + 1) })))
      const { headers, body } = await ask({ q: 'rex & co' })
      expect([headers, body]).toEqual([{}, []])
      expect(await ask({ species: 'dog' })).toMatchObject({
        headers: { Link: `</${ns}/pets?limit=1000&cursor=1000&species=dog>; rel="next"` },
      })
    })

    const speciesAre = 'must be one of dog, cat, bird, other'
    test.each<[Record<string, string | string[]>, string]>([
      [{ species: 'fish' }, `species: ${speciesAre} (it is "fish")`],
      [{ species: '' }, `species: ${speciesAre} (it is "")`],
      [{ species: ['cat', 'dog'] }, `species: ${speciesAre} (it is ["cat","dog"])`],
      [{ status: 'gone' }, 'status: must be one of new, available, pending, adopted, deleted (it is "gone")'],
      [{ sort: 'name' }, 'sort: must be one of createdAt, -createdAt (it is "name")'],
      [{ q: ['a', 'b'] }, 'q: must be given once (it is ["a","b"])'],
    ])('When the query is %j, then the 400 names the value', async (query, issue) => {
      givenPets(...all)
      const [path, message] = issue.split(/: /)
      expect(await ask(query)).toEqual({
        status: 400,
        body: { message: INVALID_QUERY, issues: [{ path, message }] },
      })
    })

    test('When the config of the step is read, then it lists every parameter', () => {
      const params = step.config.queryParams ?? []
      expect(params.map(({ name }) => name)).toEqual(['limit', 'cursor', 'species', 'status', 'q', 'sort'])
      for (const { description } of params) expect(description).toMatch(/\w/)
    })
  })
})
