import {
  appendFileSync,
  chmodSync,
  closeSync,
  cpSync,
  existsSync,
  ftruncateSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { watchedCalls } from '../../packages/motia-runtime/tests/files/watched-calls'
import { StoreError } from '../../src/store/store'
import { buildPet } from './build-pet'
import { type DataDir, dataDirAt, MEMORY, makeQuickDataDir } from './data-dir'
import {
  atEachCall,
  edited,
  openFolder,
  type Pets,
  petsIn,
  saveByRename,
  set,
  update,
  WORKLOAD,
} from './folder-workload'

const isThere = (dir: DataDir) => existsSync(dir.file)

/** Checks that everything that was acknowledged is there, and the edit too. */
const checkEdited = async (dir: DataDir, pets: Pets) => {
  const expected = { ...pets, 1: { ...pets[1], name: 'Edited' } }
  expect(petsIn(openFolder(dir))).toEqual(expected)
  await openFolder(dir).update()
  expect(dir.json().pets).toEqual(expected)
}

const newPet = (id: string) => ({ changes: [{ id, before: null, after: buildPet({ id }) }], value: id })

/**
 * Runs the workload once for each of its calls, with `edit` at that call, and each time the check. Returns how many edits
 * there were. `isRefusal`: whether an error is what later steps of the workload should get.
 */
const editAtEachCall = async (
  edit: (dir: DataDir, callsSince: number) => boolean,
  check = checkEdited,
  isRefusal: (error: unknown) => boolean = () => false,
): Promise<number> => {
  let edits = 0
  await atEachCall(async (at) => {
    const dir = dataDirAt(mkdtempSync(join(MEMORY, 'pets-')))
    let made = 0
    let isEdited = false
    const folder = openFolder(
      dir,
      watchedCalls(() => {
        made += 1
        if (made >= at && edit(dir, made - at)) isEdited = true
      }),
    )
    let pets: Pets = {}
    for (const { run, after } of WORKLOAD) {
      await run(folder).catch((error) => {
        if (!isRefusal(error)) throw error
      })
      pets = after(pets)
    }
    if (isEdited) {
      await check(dir, pets)
      edits += 1
    }
    rmSync(dir.path, { recursive: true })
    return made >= at
  })
  return edits
}

describe('when the file is edited right before any call that the store makes', () => {
  test('by an editor that renames, then the edit and every change are there', async () => {
    const edits = await editAtEachCall((dir, callsSince) => {
      const text = callsSince === 0 ? edited(dir) : null
      if (text !== null) saveByRename(dir, text)
      return text !== null
    })
    expect(edits).toBeGreaterThan(60)
  })

  test('by an editor that opened it before the call and writes after it, then the edit and every change are there', async () => {
    const files = new Map<DataDir, { fd: number; text: string }>()
    const edits = await editAtEachCall((dir, callsSince) => {
      const text = callsSince === 0 ? edited(dir) : null
      if (text !== null) files.set(dir, { fd: openSync(dir.file, 'r+'), text })
      const file = files.get(dir)
      if (callsSince !== 1 || !file) return false
      ftruncateSync(file.fd, 0)
      writeSync(file.fd, file.text, 0)
      closeSync(file.fd)
      return true
    })
    expect(edits).toBeGreaterThan(60)
  })

  test('by a change of its mode, then it keeps that mode', async () => {
    const edits = await editAtEachCall(
      (dir, callsSince) => {
        const isThere = callsSince === 0 && edited(dir) !== null
        if (isThere) chmodSync(dir.file, 0o640)
        return isThere
      },
      async (dir, pets) => {
        expect(petsIn(openFolder(dir))).toEqual(pets)
        expect(statSync(dir.file).mode & 0o777).toBe(0o640)
      },
    )
    expect(edits).toBeGreaterThan(60)
  })

  test('by a person who makes it read-only, then it is not replaced', async () => {
    const left = new Map<DataDir, string>()
    const edits = await editAtEachCall(
      (dir, callsSince) => {
        const isThere = callsSince === 0 && edited(dir) !== null
        if (!isThere) return false
        chmodSync(dir.file, 0o444)
        left.set(dir, dir.read())
        return true
      },
      async (dir) => expect(dir.read()).toBe(left.get(dir)),
      (error) => error instanceof StoreError && error.message === 'The data file is read-only',
    )
    expect(edits).toBeGreaterThan(60)
  })

  test('by its removal, then all servers agree on what is left, and no id is given twice', async () => {
    let removals = 0
    await atEachCall(async (at) => {
      let made = 0
      const dir = dataDirAt(mkdtempSync(join(MEMORY, 'pets-')))
      let isWorking = true
      const calls = watchedCalls((name) => {
        if (isWorking) made += 1
        if (isWorking && made === at && isThere(dir)) {
          rmSync(dir.file)
          removals += 1
        }
        // Requests go on during a sync.
        if (name === 'fdatasync') folder.read()
      })
      const folder = openFolder(dir, calls)
      const other = openFolder(dir)
      const ids: string[] = []
      for (const writer of [folder, other, folder, other]) {
        const create = () => writer.change((draft) => newPet(draft.nextId()), 0)
        ids.push(await create(), await create())
        await folder.update()
        ids.push(await create())
      }
      isWorking = false
      expect(new Set(ids).size).toBe(ids.length)
      const left = petsIn(folder)
      expect([petsIn(other), petsIn(openFolder(dir))]).toEqual([left, left])
      await openFolder(dir).update()
      expect(isThere(dir) ? dir.json().pets : {}).toEqual(left)
      rmSync(dir.path, { recursive: true })
      return made >= at
    })
    expect(removals).toBeGreaterThan(60)
  })
})

describe('when another server makes a change right before any call of a look at the folder', () => {
  test.each(['unknown', 'just saved', 'edited'])(
    'and the file is %s, then that look or the next shows the change',
    async (file) => {
      const before = makeQuickDataDir()
      const after = makeQuickDataDir()
      const writer = openFolder(after)
      for (const { run } of [set('1'), update, set('2')]) await run(writer)
      cpSync(after.path, before.path, { recursive: true, preserveTimestamps: true })
      await set('3').run(writer)
      const journal = (dir: DataDir) => join(dir.path, 'pets.journal')
      const line = readFileSync(journal(after)).subarray(statSync(journal(before)).size)
      let looks = 0
      for (let at = 1, made = at; made >= at; at++) {
        made = 0
        const dir = makeQuickDataDir()
        cpSync(before.path, dir.path, { recursive: true, preserveTimestamps: true })
        let isLooking = false
        const folder = openFolder(
          dir,
          watchedCalls(() => {
            if (!isLooking) return
            made += 1
            if (made === at) appendFileSync(journal(dir), line)
          }),
        )
        // For a moment, the stat does not show whether it was saved again.
        if (file === 'just saved') dir.write(dir.read())
        if (file !== 'unknown') folder.read()
        if (file === 'edited') dir.write(`${dir.read()}\n`)
        isLooking = true
        folder.read()
        isLooking = false
        if (made < at) continue
        looks += 1
        expect(Object.keys(petsIn(folder))).toEqual(['1', '2', '3'])
      }
      expect(looks).toBeGreaterThan(5)
    },
  )
})
