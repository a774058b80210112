import { afterAll, beforeAll, expect, test } from 'vitest'
import { startServer, type TestServer } from '../support/server'
import { expectNoSeriousIssue } from './accessibility'
import { openPage } from './support'

let server: TestServer
beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server.stop())

test.each([
  { width: 1440, height: 900 },
  { width: 390, height: 844 },
])(
  'When /docs is opened at $width x $height, then a reader can try a request, and nothing is fetched from elsewhere',
  async (viewport) => {
    const { page, errors, foreignRequests, close } = await openPage(`${server.url}/docs`, viewport)
    try {
      const create = page.locator('#operations-pets-JsCreatePet')
      await create.locator('.opblock-summary-control').click()
      await create.getByRole('button', { name: 'Try it out' }).click()
      expect(await create.locator('textarea').inputValue()).toContain('"name": "Buddy"')
      await create.getByRole('button', { name: 'Execute' }).click()
      const response = create.locator('.live-responses-table')
      await response.getByText('"createdAt"').waitFor()
      expect(await response.locator('.response-col_status').last().textContent()).toContain('201')
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(viewport.width)
      await expectNoSeriousIssue(page, 'body', 'the documentation', 'color-contrast')
      expect(errors).toEqual([])
      expect(foreignRequests).toEqual([])
    } finally {
      await close()
    }
  },
)
