import { readdirSync } from 'node:fs'
import { type FileCalls, nodeFiles } from 'motia-runtime'
import { describe, expect, test } from 'vitest'
import { watchedCalls } from '../../packages/motia-runtime/tests/files/watched-calls'
import { createFileStore } from '../../src/store/file/file-store'
import type { PetsFolder } from '../../src/store/file/pets-folder'
import { buildPet } from './build-pet'
import { type DataDir, makeQuickDataDir } from './data-dir'
import { openFolder, type Pets, petsIn, saveByRename, set, update, WORKLOAD } from './folder-workload'

/** What was acknowledged before a crash, and what the step under way would have made of it. */
interface Crash {
  pets: Pets
  orElse: Pets
  isOver: boolean
}

/** The calls of a process that dies at its call number `count`, which may be incomplete. No later call is made. */
const dyingCalls = (count: number, isHalfDone: boolean): FileCalls => {
  let left = count
  return watchedCalls((name, args) => {
    // The kernel closes the files of a dead process.
    if (name === 'closeSync') return
    left -= 1
    if (left > 0) return
    const [fd, bytes, offset = 0] = args
    if (left === 0 && isHalfDone && name === 'writeSync' && bytes instanceof Buffer) {
      nodeFiles.writeSync(Number(fd), bytes, Number(offset), (bytes.length - Number(offset)) >> 1)
    }
    throw new Error('killed')
  })
}

/** Runs the workload until a call fails. A second server sees each change as soon as it is acknowledged. */
const runUntilCrash = async (folder: PetsFolder, other: PetsFolder): Promise<Crash> => {
  let pets: Pets = {}
  for (const { run, after } of WORKLOAD) {
    try {
      await run(folder)
    } catch {
      return { pets, orElse: after(pets), isOver: false }
    }
    pets = after(pets)
    expect(petsIn(other)).toEqual(pets)
  }
  return { pets, orElse: pets, isOver: true }
}

/** Checks the state after a crash before, or in the middle of, each call of the workload. Returns the number of crashes. */
const crashes = async (
  moments: readonly ('before' | 'in the middle')[],
  check: (dir: DataDir, crash: Crash, other: PetsFolder) => Promise<void>,
): Promise<number> => {
  let count = 0
  for (const moment of moments) {
    for (let call = 1; ; call++) {
      const dir = makeQuickDataDir()
      const other = openFolder(dir)
      const crash = await runUntilCrash(openFolder(dir, dyingCalls(call, moment === 'in the middle')), other)
      if (crash.isOver) break
      await check(dir, crash, other)
      count += 1
    }
  }
  return count
}

const filesIn = (dir: DataDir) => readdirSync(dir.path).sort()

describe('when a server is killed before or in the middle of any of its calls', { timeout: 30_000 }, () => {
  test('then what it acknowledged is there, ids go on, and the next server tidies up', async () => {
    const count = await crashes(['before', 'in the middle'], async (dir, { pets, orElse }) => {
      const folder = openFolder(dir)
      const found = petsIn(folder)
      expect([pets, orElse]).toContainEqual(found)
      for (const id of Object.keys(pets)) expect(folder.read().seq).toBeGreaterThan(Number(id))

      await set('9').run(folder)
      await folder.update()
      expect(dir.json().pets).toEqual({ ...found, 9: buildPet({ id: '9' }) })
      await folder.removeJournal()
      expect(filesIn(dir)).toEqual(['pets.json', 'pets.json.lock'])
    })
    expect(count).toBeGreaterThan(150)
  })

  test('and the file is edited before the next start, then the edit is there, and what the file did not contain', async () => {
    let edits = 0
    await crashes(['before'], async (dir, { pets, orElse }) => {
      if (!filesIn(dir).includes('pets.json')) return
      const old = dir.json()
      const first = old.pets[1]
      if (!first) return
      edits += 1
      const edited = { ...first, name: 'Edited', ageMonths: 99 }
      saveByRename(dir, JSON.stringify({ ...old, pets: { ...old.pets, 1: edited } }))

      const folder = openFolder(dir)
      const found = petsIn(folder)
      // The edit replaces an age that was in the file. One that was only in the journal is set on top of the edit.
      const withEdit = (result: Pets): Pets => {
        const { ageMonths, ...pet } = result[1] ?? buildPet({ id: '1' })
        return { ...result, 1: { ...pet, name: 'Edited', ageMonths: ageMonths === first.ageMonths ? 99 : ageMonths } }
      }
      expect([withEdit(pets), withEdit(orElse)]).toContainEqual(found)
      await folder.update()
      expect(petsIn(openFolder(dir))).toEqual(found)
    })
    expect(edits).toBeGreaterThan(50)
  })

  test('then a second server has all that was acknowledged, and brings the file up to date', async () => {
    await crashes(['before', 'in the middle'], async (dir, { pets, orElse }, other) => {
      expect([pets, orElse]).toContainEqual(petsIn(other))
      await other.update()
      if (Object.keys(pets).length > 0) expect([pets, orElse]).toContainEqual(dir.json().pets)
    })
  })
})

test('When a server is killed after it took an edit out by an exchange, then the next start puts it back', async () => {
  const dir = makeQuickDataDir()
  for (const { run } of [set('1'), update, set('2')]) await run(openFolder(dir))
  let swaps = 0
  const calls = watchedCalls((name) => {
    if (name !== 'swapSync') return
    swaps += 1
    if (swaps > 1) throw new Error('killed')
    const { pets, ...rest } = dir.json()
    saveByRename(dir, JSON.stringify({ ...rest, pets: { 1: { ...pets[1], name: 'Edited' } } }))
  })
  await expect(openFolder(dir, calls).update()).rejects.toThrow('killed')
  expect(dir.json().pets[1]).toMatchObject({ name: 'Buddy' })

  const store = createFileStore({ dataDir: dir.path })
  await store.start?.()
  expect(await store.list()).toMatchObject([{ id: '1', name: 'Edited' }, { id: '2' }])
  await store.close()
  expect(dir.json().pets).toMatchObject({ 1: { name: 'Edited' }, 2: {} })
})
