import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ROOT, startServer } from '../support/server'

test('Production serves nothing of the Workbench’s Pets tab', async () => {
  const server = await startServer({ mode: 'start' })
  for (const path of [
    '/__pets/live',
    '/__pets/live?end=0',
    '/__pets/monaco/vs/loader.js',
    '/src/workbench/pets-page.tsx',
    `/@fs${join(ROOT, 'src/workbench/pets-page.tsx')}`,
    '/__motia/flows/pets/config',
  ]) {
    const response = await fetch(`${server.url}${path}`)
    expect([path, response.status, await response.json()]).toEqual([path, 404, { message: 'Not found' }])
  }
})
