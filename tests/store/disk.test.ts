import { execFileSync } from 'node:child_process'
import { readdirSync, rmSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, type TestContext, test } from 'vitest'
import { createFileStore } from '../../src/store/file/file-store'
import { petOf } from './build-pet'
import { type DataDir, makeDataDir } from './data-dir'

type Writev = (parts: Uint8Array[]) => Promise<unknown>

/** An `open` whose handles write by `writev`, made from the real one, as long as `active` says so. */
function openWith(active: () => boolean, makeWritev: (real: Writev) => Writev): typeof open {
  return async (...args) => {
    const handle = await open(...args)
    if (active()) handle.writev = makeWritev(handle.writev.bind(handle)) as typeof handle.writev
    return handle
  }
}

const failure = (code: string) => Object.assign(new Error(`${code}: write '/secret/path'`), { code })

test.each([
  ['ENOSPC', 'STORE_FULL'],
  ['EDQUOT', 'STORE_FULL'],
  ['EROFS', 'STORE_UNAVAILABLE'],
  ['EIO', 'STORE_UNAVAILABLE'],
])(
  'when a write fails by %s, its changes reject with %s, nothing is changed, and service resumes',
  async (code, expected) => {
    const dir = makeDataDir()
    let failing = false
    const openFile = openWith(
      () => failing,
      (real) => async (parts) => {
        // As a disk does that fills up: first it takes a part, then nothing.
        await real(parts.slice(0, 1))
        throw failure(code)
      },
    )
    const store = createFileStore({ dataDir: dir.path, openFile })
    const pet = await store.create(petOf({ name: 'Rex' }))
    const before = dir.read()

    failing = true
    const changes = [
      store.create(petOf()),
      store.update('1', (old) => ({ ...old, name: 'Max' })),
      store.remove('1', () => true),
    ]
    for (const change of changes) {
      const error = await change.catch((reason) => reason)
      expect(error).toMatchObject({ name: 'StoreError', code: expected, cause: { code } })
      expect(error.message).not.toContain('/')
    }
    expect(await store.list()).toEqual([pet])
    expect(dir.read()).toBe(before)
    expect(readdirSync(dir.path).sort()).toEqual(['pets.json', 'pets.json.lock'])

    failing = false
    expect((await store.create(petOf())).id).toBe('2')
  },
)

test('a write that the system takes piece by piece is complete', async () => {
  const dir = makeDataDir()
  const openFile = openWith(
    () => true,
    (real) => (parts) => real(parts.slice(0, 1).map((part) => part.subarray(0, 1000))),
  )
  const store = createFileStore({ dataDir: dir.path, openFile })
  await Promise.all(Array.from({ length: 200 }, () => store.create(petOf())))
  expect(dir.read()).toBe(`${JSON.stringify(dir.json(), null, 2)}\n`)
  expect(Object.keys(dir.json().pets)).toHaveLength(200)
})

test('on a disk that is really full, changes reject with STORE_FULL, the file stays whole, and service resumes', async (context) => {
  const { dir } = mountSmallDisk(context)
  const store = createFileStore({ dataDir: dir.path })
  const pet = await store.create(petOf({ notes: 'x'.repeat(100_000) }))
  const before = dir.read()
  const filler = join(dir.path, 'filler')
  writeFileSync(filler, Buffer.alloc(60_000))

  await expect(store.create(petOf())).rejects.toMatchObject({ code: 'STORE_FULL', cause: { code: 'ENOSPC' } })
  expect(dir.read()).toBe(before)
  expect(await store.list()).toEqual([pet])
  expect(readdirSync(dir.path)).not.toContain('pets.json.tmp')

  rmSync(filler)
  expect((await store.create(petOf())).id).toBe('2')
})

test('on a disk that became read-only, changes reject with STORE_UNAVAILABLE, and reads go on', async (context) => {
  const { dir, mount } = mountSmallDisk(context)
  const store = createFileStore({ dataDir: dir.path })
  const pet = await store.create(petOf())
  mount('remount,ro')
  await expect(store.create(petOf())).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', cause: { code: 'EROFS' } })
  expect(await store.list()).toEqual([pet])
  mount('remount,rw')
  expect((await store.create(petOf())).id).toBe('2')
})

function mountSmallDisk(context: TestContext): { dir: DataDir; mount: (options: string) => void } {
  const dir = makeDataDir()
  const mount = (options: string) => {
    execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', dir.path], { stdio: 'pipe' })
  }
  try {
    mount('size=256k')
  } catch (error) {
    const reason = `no tmpfs can be mounted here (${(error as Error).message.trim()})`
    console.warn(`skipped: ${context.task.name}: ${reason}`)
    context.skip(reason)
  }
  onTestFinished(() => {
    execFileSync('umount', [dir.path])
  })
  return { dir, mount }
}
