import { expect, test } from 'vitest'
import { NAMESPACES } from '../../src/pets/pet'
import { cpuMs, memoryMb } from '../support/process-usage'
import { startServer } from '../support/server'
import { waitFor } from '../support/wait-for'

const CLIENTS = 8
const [WARM_UP, PART, TOTAL] = [500, 400, 2_000]

/** Of ten requests eight read, one creates and one updates. */
const send = async (url: string, index: number): Promise<void> => {
  const namespace = NAMESPACES[index % NAMESPACES.length] ?? 'js'
  const path = `${url}/${namespace}/pets`
  const headers = { 'Content-Type': 'application/json' }
  const kind = index % 10
  const response =
    kind === 0
      ? await fetch(path, { method: 'POST', headers, body: '{"name":"Buddy","species":"dog","ageMonths":24}' })
      : kind === 1
        ? await fetch(`${path}/1`, { method: 'PUT', headers, body: `{"ageMonths":${index}}` })
        : await fetch(`${path}/1`)
  await response.arrayBuffer()
  expect(response.status).toBe(kind === 0 ? 201 : 200)
}

test('When many requests have been served, then the last ones cost no more than the first, in time and memory', async () => {
  const server = await startServer()
  let index = 0
  const run = async (count: number) => {
    const end = index + count
    await Promise.all(
      Array.from({ length: CLIENTS }, async () => {
        while (index < end) await send(server.url, index++)
      }),
    )
  }
  const isDone = async () => {
    const pets: { notes?: string }[] = JSON.parse(await (await fetch(`${server.url}/js/pets`)).text())
    return pets.every(({ notes }) => notes !== undefined)
  }
  /** The server's own CPU time for one request of a part, in ms, jobs included. */
  const measure = async () => {
    const before = cpuMs(server.pid)
    await run(PART)
    await waitFor(isDone, { what: 'the jobs', interval: 100 })
    return { cost: (cpuMs(server.pid) - before) / PART, memory: memoryMb(server.pid) }
  }
  await send(server.url, 0)
  index = 1
  await run(WARM_UP)
  const first = await measure()
  await run(TOTAL - 2 * PART)
  const last = await measure()
  // Stock Motia's cost grows with each call until it hangs; what comes and goes with the garbage collector stays below.
  expect(last.cost).toBeLessThan(first.cost * 3 + 1)
  expect(last.memory).toBeLessThan(first.memory * 1.5 + 50)
  expect((await server.stop()).code).toBe(0)
})
