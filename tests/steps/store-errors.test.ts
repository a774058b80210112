import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { StoreError } from '../../src/store/store'
import { buildPet } from '../store/build-pet'
import { everyRoute } from './every-route'
import { fakeContext } from './fake-context'
import { givenPets, store } from './step-store'

const routes = await everyRoute()

const statuses = [
  ['STORE_INVALID', 503],
  ['STORE_FULL', 507],
  ['STORE_UNAVAILABLE', 503],
] as const

const storeFails = (error: StoreError): void => {
  for (const method of ['get', 'list', 'page', 'create', 'update'] as const) {
    vi.spyOn(store, method).mockRejectedValue(error)
  }
}

beforeEach(() => givenPets(buildPet({ id: '1' })))

afterEach(() => {
  vi.restoreAllMocks()
})

describe.each(routes)('$name', ({ call }) => {
  test.each(statuses)(
    'When the store fails with %s, then it responds %d with the problem, logs the cause and emits nothing',
    async (code, status) => {
      const cause = new Error("ENOSPC: no space left on device, write '/secret/pets.json'")
      storeFails(new StoreError(code, 'The store has a problem', { cause }))
      const context = fakeContext()

      const response = await call(context)

      expect(response).toEqual({ status, body: { message: 'The store has a problem' } })
      expect(context.emitted).toEqual([])
      expect(context.logged).toEqual([['error', 'The store has a problem', { code, error: cause }]])
    },
  )

  test('When the store works again, then so does the route', async () => {
    storeFails(new StoreError('STORE_UNAVAILABLE', 'away'))
    expect((await call(fakeContext())).status).toBe(503)
    vi.restoreAllMocks()
    expect((await call(fakeContext())).status).toBeLessThan(300)
  })
})
