import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { z } from 'zod'
import { openWorkbench, type Workbench } from '../e2e/support'
import { copyImpatientProject } from '../support/impatient-project'
import { ROOT, type ServerOptions, startServer, type TestServer } from '../support/server'
import { makeTempDir } from '../support/temp-dir'
import { Client } from './client'
import { makeDue } from './kill-nine'
import { Ledger } from './ledger'
import { startLoad } from './load'
import { Random } from './random'
import { type Chaos, checkNothingLeft, petsIn, waitForEvents } from './scenario'
import { makeFolder, type World } from './world'

const HOOK = pathToFileURL(`${ROOT}/tests/support/preload/sample-resources.mjs`).href

const sampleSchema = z.object({
  pid: z.number(),
  at: z.number(),
  rssMb: z.number(),
  heapMb: z.number(),
  externalMb: z.number(),
  descriptors: z.number(),
  timers: z.number(),
  listeners: z.number(),
  delayMs: z.number(),
  warnings: z.number(),
})

type Sample = z.infer<typeof sampleSchema>

/** How much higher a measure may be at the end than after the warm-up, as a factor and an amount. */
const LIMITS = [
  { key: 'rssMb', factor: 1.15, amount: 20 },
  { key: 'heapMb', factor: 1.1, amount: 5 },
  { key: 'externalMb', factor: 1.1, amount: 5 },
  { key: 'descriptors', factor: 1, amount: 5 },
  { key: 'timers', factor: 1, amount: 5 },
  { key: 'listeners', factor: 1, amount: 20 },
  { key: 'delayMs', factor: 1.5, amount: 20 },
  { key: 'warnings', factor: 1, amount: 0 },
] as const

/** The share of the time that is the warm-up, in which caches fill and code is compiled. */
const WARM_UP = 0.2

/** Options of the scenario. */
interface SoakOptions {
  minutes: number
  /** Whether a browser shows the Workbench of a server in development. If not, the server is one in production. */
  hasWorkbench: boolean
}

type Request = [method: string, path: string, status: number]

/** Clients that read, page, and send what is refused, five requests a second. Returns a function that stops them. */
const startReaders = (url: string, seed: number): (() => Promise<void>) => {
  const random = new Random(seed)
  const client = new Client(url)
  let isRunning = true
  const requests: [Request, ...Request[]] = [
    ['GET', '/js/pets', 200],
    ['GET', '/js/pets?limit=5', 200],
    ['GET', '/health', 200],
    ['GET', '/js/pets/0', 404],
    ['POST', '/js/pets', 400],
  ]
  const run = async () => {
    while (isRunning) {
      const [method, path, status] = random.pick(requests)
      const answer = await client.send(method, path, method === 'POST' ? { name: '' } : undefined)
      assert.equal(answer.status, status, `${method} ${path}: ${answer.text.slice(0, 200)}`)
      await sleep(200)
    }
    client.close()
  }
  const running = run()
  running.catch(() => {})
  return async () => {
    isRunning = false
    await running
  }
}

/** Soft-deletes every pet, so that the store does not grow forever. */
const deleteAll = async (url: string, ledger: Ledger): Promise<void> => {
  const client = new Client(url)
  for (const pet of ledger.pets.values()) {
    const [known] = pet.possible
    if (!known || known.status === 'deleted') continue
    const { status } = await client.send('DELETE', `/js/pets/${pet.id}`)
    ledger.changed(pet, known, { ...known, status: 'deleted' }, status === 202)
  }
  client.close()
}

const TABS = ['tracing', 'pets'] as const

/** The page's own JavaScript heap after a garbage collection, in MB. */
const pageHeapMb = async ({ page, context }: Workbench): Promise<number> => {
  const session = await context.newCDPSession(page)
  await session.send('HeapProfiler.collectGarbage')
  await session.send('Performance.enable')
  const { metrics } = await session.send('Performance.getMetrics')
  await session.detach()
  return (metrics.find(({ name }) => name === 'JSHeapUsedSize')?.value ?? 0) / 2 ** 20
}

const median = (values: number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0

/** Returns how much a measure grows per hour, by least squares. */
const slopeOf = (samples: Sample[], key: keyof Sample): number => {
  const mean = (pick: (sample: Sample) => number) => samples.reduce((sum, one) => sum + pick(one), 0) / samples.length
  const [at, value] = [mean((sample) => sample.at), mean((sample) => sample[key])]
  const spread = mean((sample) => (sample.at - at) ** 2)
  return (mean((sample) => (sample.at - at) * (sample[key] - value)) / spread) * 3_600_000
}

const parts = (samples: Sample[], key: keyof Sample): [start: number, middle: number, end: number] => {
  const third = Math.ceil(samples.length / 3)
  const medianOf = (from: number, to?: number) => median(samples.slice(from, to).map((sample) => sample[key]))
  return [medianOf(0, third), medianOf(third, -third), medianOf(-third)]
}

/**
 * Runs a server under a mixed load of 25 requests/s for a long time. Its memory (after a garbage collection), descriptors, timers
 * and listeners, and the delay of its event loop, must stay as they were after the warm-up. Nothing may be lost.
 */
export const soak = async ({ seed, say }: Chaos, { minutes, hasWorkbench }: SoakOptions): Promise<void> => {
  // A copy of the project would have to bundle the Workbench again, which takes longer than a start may.
  const { root } = hasWorkbench ? { root: ROOT } : copyImpatientProject({ reaperCron: '*/10 * * * * *' })
  const world = await makeFolder()
  const samplesFile = join(makeTempDir('pet-store-samples-'), 'samples')
  const sampleMs = (minutes * 60_000) / 120
  const options: ServerOptions = {
    root,
    dataDir: world.dataDir,
    env: { NODE_OPTIONS: `--import ${HOOK}`, SAMPLES_FILE: samplesFile, SAMPLE_MS: String(sampleMs) },
  }
  const workbench = hasWorkbench ? await openWorkbench({ server: { ...options, mode: 'dev' } }) : undefined
  try {
    await measure(
      { seed, say },
      { minutes, world, samplesFile, workbench, server: workbench?.server ?? (await startServer(options)) },
    )
  } finally {
    await workbench?.close()
  }
}

interface Soak {
  minutes: number
  world: World & { dataDir: string }
  samplesFile: string
  server: TestServer
  workbench?: Workbench
}

const measure = async (
  { seed, say }: Chaos,
  { minutes, world, samplesFile, server, workbench }: Soak,
): Promise<void> => {
  workbench?.page.setDefaultTimeout(30_000)
  const ledger = new Ledger()
  const startsAt = Date.now()
  const endsAt = startsAt + minutes * 60_000
  const stopReaders = startReaders(server.url, seed)
  const pageHeaps: number[] = []
  let missed = 0
  const begin = (turn: number) => startLoad({ url: server.url, ledger, seed: seed + turn, clients: 5, pause: 250 })
  let load = begin(0)
  for (let turn = 1; Date.now() < endsAt; turn++) {
    await sleep(Math.min(30_000, endsAt - Date.now()))
    if (!workbench) {
      // Between two loads: a client could restore a pet that is about to be purged.
      assert.equal((await load.stop()).size, 0, 'a connection was lost')
      await deleteAll(server.url, ledger)
      await makeDue(world, ledger, Number.POSITIVE_INFINITY)
      load = begin(turn)
    } else {
      const tab = workbench.page.getByTestId(`${TABS[turn % TABS.length]}-link`)
      // If the page is too busy to handle a click, that is not the server's fault.
      await tab.click().then(
        async () => pageHeaps.push(await pageHeapMb(workbench)),
        () => missed++,
      )
    }
  }
  assert.equal((await load.stop()).size, 0, 'a connection was lost')
  await stopReaders()

  const measuredFrom = startsAt + (endsAt - startsAt) * WARM_UP
  const samples = readFileSync(samplesFile, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => sampleSchema.parse(JSON.parse(line)))
    .filter(({ pid, at }) => pid === server.pid && at >= measuredFrom && at <= endsAt)
  const problems: string[] = []
  const { acknowledged, counts } = ledger
  say(
    `${minutes} minutes, ${acknowledged} changes, ${counts.purges} purges, ${samples.length} samples after the warm-up`,
  )
  for (const { key, factor, amount } of LIMITS) {
    const [start, middle, end] = parts(samples, key)
    const figures = [start, middle, end].map((value) => value.toFixed(1)).join(' → ')
    say(`${key}: ${figures}, ${slopeOf(samples, key).toFixed(1)} per hour`)
    if (end > start * factor + amount) problems.push(`${key} grew from ${start} to ${end}`)
  }
  if (workbench) {
    const [first, last] = [pageHeaps[Math.ceil(pageHeaps.length * WARM_UP)], pageHeaps.at(-1)]
    say(`the page's heap: ${first?.toFixed(1)} → ${last?.toFixed(1)} MB`)
    say(`clicks that the page did not take within 30 s: ${missed}`)
    problems.push(...new Set(workbench.errors))
  }
  await waitForEvents(world, ledger, 60_000)
  ledger.compare(await petsIn(world))
  await world.store.close()
  assert.equal((await server.stop()).code, 0)
  checkNothingLeft(world.dataDir)
  assert.deepEqual(problems, [])
}
