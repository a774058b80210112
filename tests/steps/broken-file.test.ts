import { beforeEach, describe, expect, test } from 'vitest'
import { buildPet } from '../store/build-pet'
import { everyRoute } from './every-route'
import { fakeContext } from './fake-context'
import { dataDir, fileText, givenFile, givenPets } from './pet-file'

const routes = await everyRoute()

beforeEach(() => givenPets(buildPet({ id: '1' })))

describe.each(routes)('$name', ({ call }) => {
  test.each([
    ['cut off', '{"seq": 2, "pets": {"1":'],
    ['empty', ''],
    ['of another form', '{"seq": 2, "pets": {"1": {"id": "1", "name": 7}}}'],
  ])(
    'When the data file is %s, then it responds 503 with the problem and without the path, and the file stays',
    async (_, text) => {
      givenFile(text)
      const context = fakeContext()

      const response = await call(context)

      expect(response).toEqual({ status: 503, body: { message: expect.stringMatching(/data file/i) } })
      expect(JSON.stringify(response)).not.toContain(dataDir)
      expect(fileText()).toBe(text)
      expect(context.emitted).toEqual([])
    },
  )

  test('When the broken file is repaired, then the route works again', async () => {
    givenFile('{')
    expect((await call(fakeContext())).status).toBe(503)
    givenPets(buildPet({ id: '1' }))
    expect((await call(fakeContext())).status).toBeLessThan(300)
  })
})
