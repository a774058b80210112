import { expect, test } from 'vitest'
import { NAMESPACES } from '../../src/pets/pet'
import { cpuMs, memoryMb } from '../support/process-usage'
import { startServer } from '../support/server'
import { waitFor } from '../support/wait-for'

/** Of ten requests eight read, one creates and one updates. */
const send = async (url: string, index: number): Promise<void> => {
  const namespace = NAMESPACES[index % 3] ?? 'js'
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

test.each([
  { runtime: 'in-process', warmUp: 500, part: 400, total: 2_000, clients: 8 },
  { runtime: 'process', warmUp: 10, part: 20, total: 60, clients: 2 },
])(
  'When steps run $runtime, then the last requests cost no more than the first, in time and memory',
  async (plan) => {
    const server = await startServer({ env: { PETS_STEP_RUNTIME: plan.runtime } })
    let index = 0
    const run = async (count: number) => {
      const end = index + count
      await Promise.all(
        Array.from({ length: plan.clients }, async () => {
          while (index < end) await send(server.url, index++)
        }),
      )
    }
    /** The server's own CPU time for one request of a part, in ms, jobs included. */
    const measure = async () => {
      const before = cpuMs(server.pid)
      await run(plan.part)
      await waitFor(() => allJobsDone(server.store().pets), { timeout: 30_000 })
      return { cost: (cpuMs(server.pid) - before) / plan.part, memory: memoryMb(server.pid) }
    }
    await send(server.url, 0)
    index = 1
    await run(plan.warmUp)
    const first = await measure()
    await run(plan.total - 2 * plan.part)
    const last = await measure()
    // Stock Motia's cost grows with each call until it hangs; what comes and goes with the garbage collector stays below.
    expect(last.cost).toBeLessThan(first.cost * 3 + 1)
    expect(last.memory).toBeLessThan(first.memory * 1.5 + 50)
    await server.stop()
  },
  300_000,
)

const allJobsDone = (pets: Record<string, Record<string, unknown>>): boolean =>
  Object.values(pets).every((pet) => pet.notes !== undefined)
