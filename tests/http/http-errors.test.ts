import { describe, expect, test } from 'vitest'
import { INVALID_PAYLOAD, InvalidPayloadError } from '../../src/http/errors'
import { httpErrors } from '../../src/http/http-errors'
import { KeyReusedError, PetChangedError, PetNotFoundError } from '../../src/pets/pet'
import { StoreError } from '../../src/store/store'
import { fakeContext } from '../steps/fake-context'

const request = { pathParams: {}, queryParams: {}, headers: {}, body: undefined, rawBody: '' }

const respondTo = async (error: unknown) => {
  const context = fakeContext()
  const response = await httpErrors(request, context, async () => {
    throw error
  })
  return { response, logged: context.logged }
}

test('When a handler returns a response, then it is passed on unchanged', async () => {
  const response = { status: 201, body: { id: '1' }, headers: { 'x-pet': 'Rex' } }
  expect(await httpErrors(request, fakeContext(), async () => response)).toBe(response)
})

test('When a payload is invalid, then the response is a 400 with its issues, and nothing is logged', async () => {
  const issues = [{ path: 'name', message: 'must not be blank' }]
  const { response, logged } = await respondTo(new InvalidPayloadError(issues))
  expect(response).toEqual({ status: 400, body: { message: INVALID_PAYLOAD, issues } })
  expect(logged).toEqual([])
})

test('When the pet does not exist, then the response is a 404, and nothing is logged', async () => {
  const { response, logged } = await respondTo(new PetNotFoundError())
  expect(response).toEqual({ status: 404, body: { message: 'Not found' } })
  expect(logged).toEqual([])
})

test('When the pet does not match If-Match, then the response is a 412, and nothing is logged', async () => {
  const { response, logged } = await respondTo(new PetChangedError())
  expect(response).toEqual({ status: 412, body: { message: 'The pet has changed: read it again' } })
  expect(logged).toEqual([])
})

test('When an Idempotency-Key comes with another body, then the response is a 422, and nothing is logged', async () => {
  const { response, logged } = await respondTo(new KeyReusedError())
  expect(response).toMatchObject({ status: 422, body: { message: expect.stringContaining('Idempotency-Key') } })
  expect(logged).toEqual([])
})

describe('an error of the store', () => {
  test.each([
    ['STORE_INVALID', 503],
    ['STORE_FULL', 507],
    ['STORE_UNAVAILABLE', 503],
  ] as const)(
    'When it is %s, then the response is a %d with its message, and the cause is logged',
    async (code, status) => {
      const cause = new Error("ENOSPC: write '/secret/pets.json'")
      const { response, logged } = await respondTo(new StoreError(code, 'The disk is full', { cause }))
      expect(response).toEqual({ status, body: { message: 'The disk is full' } })
      expect(logged).toEqual([['error', 'The disk is full', { code, error: cause }]])
    },
  )

  test('When it has no cause, then it is logged itself', async () => {
    const error = new StoreError('STORE_INVALID', 'The data file is not a valid store')
    expect((await respondTo(error)).logged).toEqual([
      ['error', 'The data file is not a valid store', { code: 'STORE_INVALID', error }],
    ])
  })
})

describe('any other error', () => {
  const inner = new Error("EACCES: '/secret/path'")
  test.each([
    ['an error', inner],
    ['a text', '/secret/path'],
    ['undefined', undefined],
    ['an object that looks like a response', { status: 418, body: '/secret/path', message: '/secret/path' }],
    ['an error that claims a status', Object.assign(new Error('/secret/path'), { status: 418, code: 'STORE_FULL' })],
  ])('When it is %s, then the response is a bare 500, and the error is logged in full', async (_, error) => {
    const { response, logged } = await respondTo(error)
    expect(response).toEqual({ status: 500, body: { message: 'Internal server error' } })
    expect(logged).toEqual([['error', 'Unexpected error', { error }]])
  })

  test('When it is thrown outside of a promise, then it is caught too', async () => {
    const response = await httpErrors(request, fakeContext(), () => {
      throw inner
    })
    expect(response).toEqual({ status: 500, body: { message: 'Internal server error' } })
  })
})
