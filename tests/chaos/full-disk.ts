import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { closeSync, mkdirSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { startChild } from '../support/child'
import { freePort } from '../support/free-port'
import { ROOT, RUNTIME, serverEnvironment } from '../support/server'
import { makeTempDir } from '../support/temp-dir'
import { waitFor } from '../support/wait-for'
import { Client } from './client'
import { Ledger } from './ledger'
import { startLoad } from './load'
import { waitForHealth } from './redis-away'
import { type Chaos, checkNothingLeft, readStore, waitForEvents } from './scenario'
import { makeFolder } from './world'

const HOOK = fileURLToPath(new URL('full-disk-hook.mjs', import.meta.url))

/** A disk that can be filled and emptied. */
interface Disk {
  path: string
  /** Node's options for the server, if the disk is simulated. */
  options: string[]
  env: Record<string, string>
  fill: () => void
  free: () => void
  remove: () => void
}

/** Returns a small separate disk; null if none may be mounted. */
const mountDisk = (): Disk | null => {
  const path = makeTempDir('pet-store-disk-')
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', path], { stdio: 'pipe' })
  } catch {
    return null
  }
  const filler = join(path, 'filler')
  return {
    path,
    options: [],
    env: {},
    fill: () => {
      const file = openSync(filler, 'w')
      try {
        for (;;) writeSync(file, Buffer.alloc(4_096))
      } catch (error) {
        assert(error instanceof Error && 'code' in error && error.code === 'ENOSPC', String(error))
      } finally {
        closeSync(file)
      }
    },
    free: () => rmSync(filler),
    remove: () => execFileSync('umount', [path]),
  }
}

/** Returns a folder on which a hook in the server simulates a full disk. */
const pretendDisk = (): Disk => {
  const path = makeTempDir('pet-store-disk-')
  const flag = join(path, 'full')
  return {
    path,
    options: ['--import', HOOK],
    env: { FULL_DISK_FLAG: flag },
    fill: () => writeFileSync(flag, ''),
    free: () => rmSync(flag),
    remove: () => {},
  }
}

/**
 * The disk with the data and the server's log fills up under load. Creates and updates must get a 507 with the reason. Pets can
 * still be read and deleted, and the file stays valid. Once there is space, everything continues by itself, with every job and
 * event.
 */
export const fullDisk = async (
  { seed, say }: Chaos,
  { fullMs, pretend = false }: { fullMs: number; pretend?: boolean },
) => {
  const disk = (pretend ? null : mountDisk()) ?? pretendDisk()
  const isPretended = disk.options.length > 0
  if (isPretended) say('the full disk is pretended')
  try {
    await fillUnderLoad(disk, { seed, fullMs, mayDelete: !isPretended, say })
  } finally {
    disk.remove()
  }
}

const REFUSAL = `507 ${JSON.stringify({ message: 'There is no space left to store the change' })}`

interface Plan {
  seed: number
  fullMs: number
  /** Whether there is a reserve that deletes may use. Releasing it has no effect on a simulated disk. */
  mayDelete: boolean
  say: Chaos['say']
}

const fillUnderLoad = async (disk: Disk, { seed, fullMs, mayDelete, say }: Plan): Promise<void> => {
  const dataDir = join(disk.path, 'data')
  mkdirSync(dataDir)
  const world = await makeFolder(dataDir)
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const command = [process.execPath, ...disk.options, RUNTIME, 'start']
  const server = startChild(['sh', '-c', 'exec "$@" >> "$0" 2>&1', join(disk.path, 'server.log'), ...command], {
    cwd: ROOT,
    env: serverEnvironment({ PORT: String(port), PETS_DATA_DIR: dataDir, ...disk.env }),
  })
  await waitFor(async () => (await fetch(`${url}/health`)).ok, { what: 'the server', timeout: 30_000 })
  const ledger = new Ledger()
  const refusals = new Map<string, number>()
  const load = startLoad({
    url,
    ledger,
    seed,
    pause: 10,
    onAnswer: ({ status, text }) => {
      if (status >= 400) refusals.set(`${status} ${text}`, (refusals.get(`${status} ${text}`) ?? 0) + 1)
    },
  })
  await waitFor(() => ledger.acknowledged > 50, { what: 'changes', timeout: 30_000 })
  const client = new Client(url)
  const create = () => client.send('POST', '/js/pets', { name: 'Late', species: 'cat', ageMonths: 1 })
  disk.fill()
  await waitFor(async () => (await create()).status === 507, { what: 'the disk to be full' })
  const deletes = ledger.counts.deletes
  const endsAt = Date.now() + fullMs
  while (Date.now() < endsAt) {
    const [id] = ledger.pets.keys()
    assert.equal((await client.send('GET', `/js/pets/${id}`)).status, 200)
    assert(readStore(dataDir).seq > 0)
    await sleep(50)
  }
  if (mayDelete) await waitFor(() => ledger.counts.deletes > deletes, { what: 'a delete on the full disk' })
  disk.free()
  await waitFor(async () => (await create()).status === 201, { what: 'changes to be taken again', interval: 100 })
  const lost = await load.stop()
  client.close()
  assert(server.isRunning(), 'the server is gone')
  assert.equal(lost.size, 0, 'a connection was lost')
  assert.deepEqual([...refusals.keys()], [REFUSAL])
  await waitForEvents(world, ledger, 60_000)
  await waitForHealth(url, 'ok')
  const exit = await server.stop()
  assert.equal(exit.code, 0)
  ledger.compare(readStore(dataDir).pets)
  checkNothingLeft(dataDir)
  say(`disk full for ${fullMs} ms: ${refusals.get(REFUSAL)} changes got a 507, and all went on by itself`)
}
