import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, type TestContext, test } from 'vitest'
import { systemError, watchedCalls } from '../../packages/motia-runtime/tests/files/watched-calls'
import { createFileStore } from '../../src/store/file/file-store'
import { petOf } from './build-pet'
import { type DataDir, makeDataDir, upToDate } from './data-dir'

const journalOf = (dir: DataDir) => readFileSync(join(dir.path, 'pets.journal'), 'utf8')

/** A store whose calls of one name fail while the test wants it. */
const makeFailingStore = () => {
  const dir = makeDataDir()
  let fault: { name: string; code: string } | null = null
  const calls = watchedCalls((name) => {
    if (name === fault?.name) throw systemError(fault.code)
  })
  const fail = (name: string, code: string) => {
    fault = { name, code }
  }
  const repair = () => {
    fault = null
  }
  const warnings: string[] = []
  const store = createFileStore({ dataDir: dir.path, calls, warn: (message) => warnings.push(message) })
  return { dir, store, warnings, fail, repair }
}

describe('when the journal cannot be written', () => {
  test.each([
    ['writeSync', 'ENOSPC', 'STORE_FULL'],
    ['writeSync', 'EDQUOT', 'STORE_FULL'],
    ['writeSync', 'EIO', 'STORE_UNAVAILABLE'],
    ['fdatasync', 'EIO', 'STORE_UNAVAILABLE'],
    ['openSync', 'EROFS', 'STORE_UNAVAILABLE'],
    ['openSync', 'EMFILE', 'STORE_UNAVAILABLE'],
  ])('(%s: %s) then changes reject with %s, nothing is changed, and service resumes', async (name, code, expected) => {
    const { dir, store, fail, repair } = makeFailingStore()
    const pet = await store.create(petOf({ name: 'Rex' }))
    await upToDate(dir, store)
    const before = journalOf(dir)
    fail(name, code)
    const changes = [
      store.create(petOf()),
      store.update('1', (old) => ({ ...old, name: 'Max' })),
      store.updateMany(['1'], () => null),
    ]
    for (const change of changes) {
      const error = await change.catch((reason) => reason)
      expect(error).toMatchObject({ name: 'StoreError', code: expected, cause: { code } })
      expect(error.message).not.toContain('/')
    }
    expect(await store.list()).toEqual([pet])
    expect(journalOf(dir)).toBe(before)

    repair()
    expect((await store.create(petOf())).id).toBe('2')
    expect(await createFileStore({ dataDir: dir.path }).list()).toHaveLength(2)
  })
})

describe('when the data file cannot be written', () => {
  test.each([
    ['swapSync', 'EIO'],
    ['futimesSync', 'ENOSPC'],
    ['renameSync', 'EIO'],
  ])('(%s: %s) then changes are taken all the same, a warning says so, and it catches up', async (name, code) => {
    const { dir, store, warnings, fail, repair } = makeFailingStore()
    await store.create(petOf())
    await upToDate(dir, store)
    fail(name, code)
    await store.create(petOf({ name: 'Rex' }))
    await store.close()
    expect(warnings).toEqual([
      expect.stringMatching(/^Cannot update pets\.json \(pets\.journal has the latest changes\): /),
    ])
    expect(await createFileStore({ dataDir: dir.path }).list()).toHaveLength(2)

    repair()
    await store.create(petOf({ name: 'Max' }))
    await store.close()
    expect(Object.values(dir.json().pets).map(({ name }) => name)).toEqual(['Buddy', 'Rex', 'Max'])
    expect(existsSync(`${dir.file}.tmp`)).toBe(false)
  })

  test('because the disk can neither swap nor link, then it is renamed', async () => {
    const dir = makeDataDir()
    const calls = watchedCalls((name) => {
      if (name === 'swapSync' || name === 'linkSync') throw systemError('EINVAL')
    })
    const store = createFileStore({ dataDir: dir.path, calls })
    for (const name of ['Rex', 'Max']) {
      await store.create(petOf({ name }))
      await upToDate(dir, store)
    }
    await store.close()
    expect(Object.keys(dir.json().pets)).toEqual(['1', '2'])
  })

  test('because it is read-only, then changes reject, reads go on, and it works again once it is not', async () => {
    const dir = makeDataDir()
    const store = createFileStore({ dataDir: dir.path })
    const pet = await store.create(petOf())
    await upToDate(dir, store)
    chmodSync(dir.file, 0o444)
    await expect(store.create(petOf())).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      message: 'The data file is read-only',
    })
    expect(await store.list()).toEqual([pet])
    chmodSync(dir.file, 0o644)
    expect((await store.create(petOf())).id).toBe('2')
  })
})

describe('on a disk of its own', () => {
  test('when that is full, then pets can be deleted and settled, others get STORE_FULL, and service resumes', async (context) => {
    const { dir } = mountDisk(context)
    const store = createFileStore({ dataDir: dir.path })
    const owed = [{ id: 'e1', topic: 'js.pet.created', data: { petId: '1' } }]
    for (const name of ['Rex', 'Max', 'Tom']) await store.create(petOf({ name, owed, notes: 'x'.repeat(50_000) }))
    await upToDate(dir, store)
    const filler = join(dir.path, 'filler')
    expect(() => writeFileSync(filler, Buffer.alloc(8_000_000))).toThrow(/ENOSPC/)

    const full = { code: 'STORE_FULL', message: 'There is no space left to store the change' }
    for (let round = 0; round < 3; round++) {
      // Longer than the rest of the last page of the journal.
      const notes = 'y'.repeat(5_000)
      await expect(store.create(petOf({ notes }))).rejects.toMatchObject(full)
      await expect(store.update('1', (pet) => ({ ...pet, notes }))).rejects.toMatchObject(full)
    }
    const deleted = { status: 'deleted', deletedAt: 1, purgeAt: 2 } as const
    expect((await store.update('1', (pet) => ({ ...pet, ...deleted })))?.after).toMatchObject(deleted)
    const notes = 'z'.repeat(100_000)
    await store.update('2', (pet) => ({ ...pet, notes }), 2)
    await store.updateMany(['1', '2'], ({ owed: _, ...pet }) => pet, 500)
    await store.updateMany(['3'], () => null, 500)
    const expected = [
      { id: '1', ...deleted },
      { id: '2', notes },
    ]
    expect(await store.list()).toMatchObject(expected)
    expect(await store.page(null, 9, 'owing')).toEqual([])
    expect(await createFileStore({ dataDir: dir.path }).list()).toMatchObject(expected)

    rmSync(filler)
    expect((await store.create(petOf())).id).toBe('4')
    await upToDate(dir, store)
    await store.close()
    expect(Object.keys(dir.json().pets)).toEqual(['1', '2', '4'])
  })

  test('when the file became read-only, then changes reject with STORE_UNAVAILABLE, and reads go on', async (context) => {
    const { dir, mount } = mountDisk(context)
    const store = createFileStore({ dataDir: dir.path })
    const pet = await store.create(petOf())
    await upToDate(dir, store)
    mount('remount,ro')
    await expect(store.create(petOf())).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', cause: { code: 'EROFS' } })
    expect(await store.list()).toEqual([pet])
    mount('remount,rw')
    expect((await store.create(petOf())).id).toBe('2')
  })
})

function mountDisk(context: TestContext): { dir: DataDir; mount: (options: string) => void } {
  const dir = makeDataDir()
  const mount = (options: string) => {
    execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', dir.path], { stdio: 'pipe' })
  }
  try {
    mount('size=4m')
  } catch (error) {
    const reason = `no tmpfs can be mounted here (${error instanceof Error ? error.message.trim() : error})`
    console.warn(`skipped: ${context.task.name}: ${reason}`)
    context.skip(reason)
  }
  onTestFinished(() => {
    execFileSync('umount', ['-l', dir.path])
  })
  return { dir, mount }
}
