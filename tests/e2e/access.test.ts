import { once } from 'node:events'
import { createServer } from 'node:http'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openWorkbench, type Workbench } from './support'

const KEY = { name: 'alice', secret: 'a-secret-of-some-length' }

/** How long the page may take to show something, in ms. */
const PATIENCE_MS = 30_000

let workbench: Workbench
const frontEnds = ['friend', 'stranger'].map(() =>
  createServer(
    (_request, response) => void response.setHeader('Content-Type', 'text/html').end('<h1>A front end</h1>'),
  ),
)
/** The origin of a front end that may use the API, and of one that may not. */
let [friend, stranger] = ['', '']

beforeAll(async () => {
  const origins = frontEnds.map(async (server) => {
    await once(server.listen(0, '127.0.0.1'), 'listening')
    return `http://127.0.0.1:${Object(server.address()).port}`
  })
  ;[friend = '', stranger = ''] = await Promise.all(origins)
  workbench = await openWorkbench({
    server: { env: { PETS_API_KEYS: `${KEY.name}:${KEY.secret}`, PETS_CORS_ORIGINS: friend } },
    login: { username: KEY.name, password: KEY.secret },
  })
  workbench.page.setDefaultTimeout(PATIENCE_MS)
}, 180_000)

afterAll(async () => {
  for (const server of frontEnds) server.close()
  await workbench?.close()
})

test('When the Workbench is opened with the name and secret of a key, then its requests and WebSockets have them', async () => {
  const { page } = workbench
  const show = (tab: string) => page.getByTestId(`${tab}-link`).click()
  await show('endpoints')
  await page.getByTestId('endpoint-GET-/js/pets').click()
  await page.getByTestId('endpoint-play-button').click()
  await page.getByTestId('endpoint-response-container').getByText('200', { exact: true }).waitFor()

  await show('pets')
  await page.getByRole('button', { name: 'New pet' }).click()
  const form = page.getByTestId('pets-create')
  await form.getByLabel('Name').fill('Polly')
  await form.getByLabel('Age in months').fill('30')
  await form.getByRole('button', { name: /^POST/ }).click()
  // These come over the WebSocket.
  await page.getByTestId('pet-1').getByText('Welcome to our pet store!').waitFor()
  const created = page.getByTestId('audit-line').filter({ hasText: 'js.pet.created' })
  await created.getByText('by alice').waitFor()
  expect(workbench.errors).toEqual([])
})

test('When /docs is opened like that, then the page gets the document, and a request that it tries is served', async () => {
  const { context, server } = workbench
  const page = await context.newPage()
  await page.goto(`${server.url}/docs`)
  const operation = page.locator('#operations-pets-JsListPets')
  await operation.click({ timeout: PATIENCE_MS })
  await operation.getByRole('button', { name: 'Try it out' }).click()
  await operation.getByRole('button', { name: 'Execute' }).click()
  await operation.locator('.live-responses-table .response-col_status').getByText('200').waitFor()
  await page.close()
})

/** Sends a request to the API from a page of that origin. Returns what the page sees: null if nothing. */
const fetchFrom = async (origin: string, path: string, init: RequestInit = {}) => {
  const { context, server } = workbench
  const page = await context.newPage()
  await page.goto(origin)
  const seen = await page.evaluate(
    async ([url, options]) => {
      const response = await fetch(url, options).catch(() => null)
      return response && { status: response.status, next: response.headers.get('link'), body: await response.json() }
    },
    [`${server.url}${path}`, init] as const,
  )
  await page.close()
  return seen
}

test('When a page of another origin sends a key, then it can use the API if its origin is allowed', async () => {
  const headers = { Authorization: `Bearer ${KEY.secret}` }
  const post = {
    method: 'POST',
    headers: { ...headers, 'Content-Type': 'application/json', 'Idempotency-Key': 'once' },
    body: '{"name": "Felix", "species": "cat", "ageMonths": 7}',
  }
  const created = await fetchFrom(friend, '/js/pets', post)
  expect(created).toMatchObject({ status: 201, body: { name: 'Felix' } })
  const path = `/js/pets/${created?.body.id}`
  expect(await fetchFrom(friend, path, { headers: { 'X-API-Key': KEY.secret } })).toMatchObject({ status: 200 })
  expect(await fetchFrom(friend, '/js/pets?limit=1', { headers })).toMatchObject({
    status: 200,
    next: expect.stringContaining('rel="next"'),
  })
  expect(await fetchFrom(friend, path, { method: 'DELETE', headers })).toMatchObject({ status: 202 })
  expect(await fetchFrom(friend, '/js/pets')).toMatchObject({ status: 401, body: { message: expect.any(String) } })

  expect(await fetchFrom(stranger, '/js/pets', post)).toBeNull()
  expect(await fetchFrom(stranger, path, { headers })).toBeNull()
  expect(await fetchFrom(stranger, '/livez')).toBeNull()
})
