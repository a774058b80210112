import { afterEach, describe, expect, test, vi } from 'vitest'
import { INVALID_PAYLOAD } from '../../src/http/errors'
import { StoreError } from '../../src/store/store'
import { store } from '../steps/step-store'

const { hooks } = await import('../../src/app/hooks')

afterEach(() => {
  vi.restoreAllMocks()
  vi.unstubAllEnvs()
})

describe('start', () => {
  test('When a variable looks like a setting but is not one, then a warning names it', async () => {
    vi.stubEnv('PETS_DATA_DIRS', '/data')
    expect(await hooks.start?.()).toEqual([expect.stringContaining('PETS_DATA_DIRS')])
  })

  test('When everything is well, then there is no warning', async () => {
    expect(await hooks.start?.()).toEqual([])
  })
})

test('When the store is broken, then the check rejects with its message, and otherwise resolves', async () => {
  await expect(hooks.check?.()).resolves.toBeUndefined()
  vi.spyOn(store, 'get').mockRejectedValue(new StoreError('STORE_INVALID', 'The data file is not a valid store'))
  await expect(hooks.check?.()).rejects.toThrow('The data file is not a valid store')
})

test('When a body is not JSON, then the 400 has the same form as every other', () => {
  expect(hooks.invalidJson?.('The body is not valid JSON')).toEqual({
    message: INVALID_PAYLOAD,
    issues: [{ path: '', message: 'The body is not valid JSON' }],
  })
})

test('When the server stops, then the store is closed', async () => {
  const close = vi.spyOn(store, 'close')
  await hooks.close?.()
  expect(close).toHaveBeenCalledOnce()
})
