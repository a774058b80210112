import { appendFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { aroundCalls, systemError } from '../../packages/motia-runtime/tests/files/watched-calls'
import type { PetsFolder } from '../../src/store/file/pets-folder'
import { type DataDir, makeQuickDataDir } from './data-dir'
import { atEachCall, edited, openFolder, petsIn, saveByRename, set, update } from './folder-workload'

describe('when any call of the store fails', () => {
  const edit = (dir: DataDir) => saveByRename(dir, edited(dir) ?? '')
  const changes: [what: string, change: (dir: DataDir) => unknown][] = [
    ['an editor has renamed a file', edit],
    ['an editor has written in place', (dir) => dir.write(edited(dir) ?? '')],
    ['a server has made a change', (dir) => set('3').run(openFolder(dir))],
    [
      'a server was killed while it made a second change',
      async (dir) => {
        await set('3').run(openFolder(dir))
        appendFileSync(join(dir.path, 'pets.journal'), '{"n":')
      },
    ],
    ['a server has brought the file up to date', (dir) => openFolder(dir).update()],
    [
      'a server and an editor have changed the file',
      async (dir) => {
        await openFolder(dir).update()
        edit(dir)
      },
    ],
    [
      'an editor has changed the file, and a server a pet',
      async (dir) => {
        edit(dir)
        await set('3').run(openFolder(dir))
      },
    ],
    ['somebody has removed the file', (dir) => rmSync(dir.file)],
  ]
  const calls: [what: string, run: (folder: PetsFolder) => Promise<unknown>][] = [
    ['a look', async (folder) => folder.read()],
    ['a change', set('4').run],
    ['an update', update.run],
  ]
  interface Case {
    change: (dir: DataDir) => unknown
    run: (folder: PetsFolder) => Promise<unknown>
    isLasting: boolean
  }
  const cases = changes.flatMap(([before, change]) =>
    calls.flatMap(([what, run]): [title: string, one: Case][] => [
      [`of ${what} after ${before}`, { change, run, isLasting: false }],
      [`of ${what} after ${before}, and all later ones of its name`, { change, run, isLasting: true }],
    ]),
  )

  /** Makes call `at` fail, and all later ones of its name if `isLasting`. Returns whether that call was made. */
  const failAt = async (at: number, { change, run, isLasting }: Case): Promise<boolean> => {
    const dir = makeQuickDataDir()
    let made = Number.NEGATIVE_INFINITY
    let failed: string | null = null
    const folder = openFolder(
      dir,
      aroundCalls((name, _, make) => {
        made += 1
        if (made === at) failed = name
        if (made < at || failed !== name || (made > at && !isLasting)) return make()
        // The descriptor is free even if closing the file failed.
        if (name === 'closeSync') make()
        throw systemError('EIO')
      }),
    )
    for (const { run } of [set('1'), update, set('2')]) await run(folder)
    // From then on, its stat shows any edit.
    await sleep(25)
    folder.read()
    await change(dir)
    const expected = petsIn(openFolder(dir))
    made = 0
    await run(folder).catch((error: unknown) => expect(error).toMatchObject({ code: 'EIO' }))
    made = Number.NEGATIVE_INFINITY
    const { 4: _, ...left } = petsIn(folder)
    expect(left).toEqual(expected)
    await set('5').run(folder)
    await update.run(folder)
    expect(petsIn(openFolder(dir))).toEqual(petsIn(folder))
    expect(dir.json().pets).toEqual(petsIn(folder))
    return failed !== null
  }

  test.each(cases)('%s, then nothing is missed', async (_, one) => {
    expect(await atEachCall((at) => failAt(at, one))).toBeGreaterThan(1)
  })
})
