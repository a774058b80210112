import { describe, expect, test } from 'vitest'
import { InvalidPayloadError } from '../../src/http/errors'
import { httpErrors } from '../../src/http/http-errors'
import { PetNotFoundError } from '../../src/pets/pets'
import { StoreError } from '../../src/store/store'
import { fakeContext } from '../steps/fake-context'

const request = { pathParams: {}, queryParams: {}, headers: {}, body: undefined, rawBody: '' }

const answerTo = async (error: unknown) => {
  const context = fakeContext()
  const answer = await httpErrors(request, context, async () => {
    throw error
  })
  return { answer, logged: context.logged }
}

test('what a handler answers goes through as it is', async () => {
  const answer = { status: 201, body: { id: '1' }, headers: { 'x-pet': 'Rex' } }
  expect(await httpErrors(request, fakeContext(), async () => answer)).toBe(answer)
})

test('an invalid payload is a 400 with its issues, and no line in the log', async () => {
  const issues = [{ path: 'name', message: 'must not be blank' }]
  const { answer, logged } = await answerTo(new InvalidPayloadError(issues))
  expect(answer).toEqual({ status: 400, body: { message: 'Invalid payload: {name, species, ageMonths}', issues } })
  expect(logged).toEqual([])
})

test('a pet that is not there is a 404, and no line in the log', async () => {
  const { answer, logged } = await answerTo(new PetNotFoundError())
  expect(answer).toEqual({ status: 404, body: { message: 'Not found' } })
  expect(logged).toEqual([])
})

describe("the store's trouble", () => {
  test.each([
    ['STORE_INVALID', 503],
    ['STORE_FULL', 507],
    ['STORE_UNAVAILABLE', 503],
  ] as const)('%s is a %d with its message, and a line in the log with the cause', async (code, status) => {
    const cause = new Error("ENOSPC: write '/secret/pets.json'")
    const { answer, logged } = await answerTo(new StoreError(code, 'The disk is full', { cause }))
    expect(answer).toEqual({ status, body: { message: 'The disk is full' } })
    expect(logged).toEqual([['error', 'The disk is full', { code, error: cause }]])
  })

  test('without a cause is logged itself', async () => {
    const error = new StoreError('STORE_INVALID', 'no valid store')
    expect((await answerTo(error)).logged).toEqual([['error', 'no valid store', { code: 'STORE_INVALID', error }]])
  })
})

describe('anything else', () => {
  const inner = new Error("EACCES: '/secret/path'")
  test.each([
    ['an error', inner],
    ['a text', '/secret/path'],
    ['undefined', undefined],
    ['an object that looks like an answer', { status: 418, body: '/secret/path', message: '/secret/path' }],
    ['an error that claims a status', Object.assign(new Error('/secret/path'), { status: 418, code: 'STORE_FULL' })],
  ])('(%s) is a bare 500, and is logged whole', async (_, error) => {
    const { answer, logged } = await answerTo(error)
    expect(answer).toEqual({ status: 500, body: { message: 'Internal server error' } })
    expect(logged).toEqual([['error', 'Unexpected error', { error }]])
  })

  test('thrown outside of a promise is caught likewise', async () => {
    const answer = await httpErrors(request, fakeContext(), () => {
      throw inner
    })
    expect(answer).toEqual({ status: 500, body: { message: 'Internal server error' } })
  })
})
