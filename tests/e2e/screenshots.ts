import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { ROOT } from '../support/server'
import { waitFor } from '../support/wait-for'
import { openWorkbench, type Workbench } from './support'

/** `npm run screenshots`: the README's picture. It gets small if pngquant is installed. */
const IMAGE = join(ROOT, 'docs/images/flow-view.png')

const PETS = [
  ['js', 'Buddy', 'dog', 24],
  ['ts', 'Whiskers', 'cat', 12],
  ['py', 'Polly', 'bird', 30],
  ['js', 'Rex', 'dog', 60],
  ['ts', 'Nemo', 'other', 3],
  ['py', 'Luna', 'cat', 7],
  ['js', 'Coco', 'bird', 18],
] as const

/** What happens to some of them afterwards. */
const CHANGES = [
  ['js', '2', { status: 'available' }],
  ['py', '3', { status: 'pending' }],
  ['ts', '4', { status: 'adopted' }],
  ['py', '6', { status: 'deleted' }],
] as const

const send = async (url: string, method: string, body: object): Promise<void> => {
  const response = await fetch(url, {
    method,
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  })
  if (!response.ok) throw new Error(`${method} ${url} returned ${response.status}`)
}

/** Fills the store, and waits until all jobs and events are done. */
const makePets = async ({ server }: Workbench): Promise<void> => {
  for (const [namespace, name, species, ageMonths] of PETS) {
    await send(`${server.url}/${namespace}/pets`, 'POST', { name, species, ageMonths })
  }
  for (const [namespace, id, change] of CHANGES) await send(`${server.url}/${namespace}/pets/${id}`, 'PUT', change)
  await waitFor(() => server.audit().length >= 2 * PETS.length + 1, { what: 'the audit trail', timeout: 60_000 })
}

const take = async (workbench: Workbench): Promise<void> => {
  const { page } = workbench
  await page.locator('.react-flow__edge-path').first().waitFor({ state: 'attached' })
  await makePets(workbench)

  // The Tracing tab knows the steps of a trace once it has been looked at.
  const traces = page.getByTestId('traces-container')
  const unread = traces.locator('button').filter({ hasText: '0 steps' })
  while ((await unread.count()) > 0) {
    const id = await unread.first().getByTestId('trace-id').textContent()
    await traces.getByTestId(`trace-${id}`).click()
    await traces
      .getByTestId(`trace-${id}`)
      .filter({ hasText: /[1-9] steps/ })
      .waitFor()
  }
  await traces.locator('button').filter({ hasText: 'JsCreatePet' }).first().click()
  await page.getByTestId('trace-details').getByText('JsPostCreateLite').waitFor()
  // Wait until transitions have ended and nothing is hovered.
  await page.mouse.move(1_000, 30)
  await page.waitForTimeout(700)
  await page.screenshot({ path: IMAGE })
  spawnSync('pngquant', ['--force', '--skip-if-larger', '--output', IMAGE, '256', IMAGE])
}

const workbench = await openWorkbench()
try {
  await take(workbench)
} finally {
  await workbench.close()
}
