import {
  appendFileSync,
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as nextTick } from 'node:timers/promises'
import { tryLock } from 'fs-native-extensions'
import { describe, expect, onTestFinished, test } from 'vitest'
import { LineLog, type LineLogOptions } from '../../src/files/line-log'
import { systemError, watchedCalls } from './watched-calls'

/** Removes the file and creates another one, which gets the same inode on some file systems. */
const replace = (file: string, text: string) => {
  rmSync(file)
  writeFileSync(file, text)
}

const makeFile = () => {
  const folder = mkdtempSync(join(tmpdir(), 'lines-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return join(folder, 'log')
}

/** A log of texts, and everything that it knows about the file. */
const openLog = (file: string, options: Partial<LineLogOptions<string>> = {}) => {
  let known: string[] = []
  const log = new LineLog<string>(file, {
    onLines: (lines, isFresh) => {
      known = isFresh ? [...lines] : [...known, ...lines]
      return undefined
    },
    encode: (entries) => entries,
    onWritten: (entries) => known.push(...entries),
    ...options,
  })
  const add = (...entries: string[]) => log.turn(() => ({ entries, value: entries.length }))
  return { log, add, known: () => known, read: () => readFileSync(file, 'utf8') }
}

describe('a turn', () => {
  test('when it resolves, then its lines are in the file, in the order of the calls', async () => {
    const { add, read, known } = openLog(makeFile())
    await Promise.all([add('a', 'b'), add('c')])
    await add('d')
    expect(read()).toBe('a\nb\nc\nd\n')
    expect(known()).toEqual(['a', 'b', 'c', 'd'])
  })

  test('when many arrive during a turn, then one write and one sync carry them all', async () => {
    const made: string[] = []
    const calls = watchedCalls((name) => made.push(name))
    const { add } = openLog(makeFile(), { calls })
    const first = add('first')
    await Promise.all([first, ...Array.from({ length: 50 }, (_, index) => first.then(() => add(String(index))))])
    expect(made.filter((name) => name === 'writeSync')).toHaveLength(2)
    expect(made.filter((name) => name === 'fdatasync')).toHaveLength(2)
  })

  test('when it adds nothing, then nothing is written or synced', async () => {
    const file = makeFile()
    await openLog(file).add('a')
    const made: string[] = []
    const { log } = openLog(file, { calls: watchedCalls((name) => made.push(name)) })
    expect(await log.turn(() => ({ entries: [], value: 7 }))).toBe(7)
    expect(made).not.toContain('writeSync')
    expect(made).not.toContain('fdatasync')
  })

  test('when work throws, then only its caller gets the error', async () => {
    const { log, add, read } = openLog(makeFile())
    const error = new Error('no')
    const failing = log.turn(() => {
      throw error
    })
    const [first, second] = await Promise.allSettled([failing, add('a')])
    expect(first).toEqual({ status: 'rejected', reason: error })
    expect(second).toEqual({ status: 'fulfilled', value: 1 })
    expect(read()).toBe('a\n')
  })

  test('when the file and its folder do not exist, then both are created and their names are on disk first', async () => {
    const file = join(makeFile(), '..', 'new', 'deep', 'log')
    let acknowledged = false
    const synced: boolean[] = []
    const calls = watchedCalls((name) => {
      if (name === 'fsync' || name === 'fsyncSync') synced.push(acknowledged)
    })
    await openLog(file, { calls }).add('a')
    acknowledged = true
    // The parents of the two new folders, and the folder of the file.
    expect(synced).toEqual([false, false, false])
    expect(readFileSync(file, 'utf8')).toBe('a\n')
  })

  test('when the folder is a file, then it rejects, and works again once that is gone', async () => {
    const folder = makeFile()
    writeFileSync(folder, '')
    const { add } = openLog(join(folder, 'log'))
    await expect(Promise.all([add('a'), add('b')])).rejects.toMatchObject({ code: 'ENOTDIR' })
    rmSync(folder)
    expect(await add('c')).toBe(1)
  })
})

describe('patience', () => {
  test('when only patient work waits, then it waits until its time is up', async () => {
    const { log, read } = openLog(makeFile())
    const startedAt = performance.now()
    await log.turn(() => ({ entries: ['a'], value: 0 }), 60)
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(59)
    expect(read()).toBe('a\n')
  })

  test('when urgent work or a flush arrives, then patient work is done with it at once', async () => {
    const { log, add, read } = openLog(makeFile())
    const order: string[] = []
    void log.turn(() => ({ entries: ['patient'], value: 0 }), 60_000).then(() => order.push('patient'))
    await add('hurried')
    expect(order).toEqual(['patient'])
    const last = log.turn(() => ({ entries: ['last'], value: 0 }), 60_000)
    await log.flush()
    await last
    expect(read()).toBe('patient\nhurried\nlast\n')
  })
})

describe('two logs on one file', () => {
  test('when they write in turn, then each knows the lines of the other before its work runs', async () => {
    const file = makeFile()
    const [a, b] = [openLog(file), openLog(file)]
    await a.add('1')
    const seen = await b.log.turn(() => ({ entries: ['2'], value: [...b.known()] }))
    expect(seen).toEqual(['1'])
    a.log.poll()
    expect(a.known()).toEqual(['1', '2'])
  })

  test('when both write at the same time, then no line is lost or mixed with another', async () => {
    const file = makeFile()
    const [a, b] = [openLog(file), openLog(file)]
    const texts = (name: string) => Array.from({ length: 200 }, (_, index) => `${name}${index}`.padEnd(index * 7, '.'))
    await Promise.all([...texts('a').map((text) => a.add(text)), ...texts('b').map((text) => b.add(text))])
    expect(a.read().split('\n').slice(0, -1).sort()).toEqual([...texts('a'), ...texts('b')].sort())
    a.log.poll()
    expect(a.known()).toEqual(a.read().split('\n').slice(0, -1))
  })

  test('when a line is being written, then a reader without the lock leaves it for later', async () => {
    const file = makeFile()
    const { log, known } = openLog(file)
    writeFileSync(file, 'a\nhal')
    log.poll()
    expect(known()).toEqual(['a'])
    appendFileSync(file, 'f\n')
    log.poll()
    expect(known()).toEqual(['a', 'half'])
  })

  test.each([
    ['was replaced by a longer one', (file: string) => writeFileSync(file, 'x\ny\nz\nz\nz\n')],
    ['was replaced by one of the same size, and perhaps inode', (file: string) => replace(file, 'other\nlines.\n')],
    ['was rewritten, of the same size', (file: string) => writeFileSync(file, 'other\nlines.\n')],
    ['was removed', (file: string) => rmSync(file)],
    ['was moved away', (file: string) => renameSync(file, `${file}.old`)],
    ['was emptied', (file: string) => writeFileSync(file, '')],
  ])('when the file %s, then what was read before is void', async (_, change) => {
    const file = makeFile()
    const { log, add, known } = openLog(file)
    await add('first', 'second')
    change(file)
    log.poll()
    expect(known()).toEqual(existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1) : [])
    await add('new')
    expect(known()).toEqual(readFileSync(file, 'utf8').split('\n').slice(0, -1))
  })
})

describe('the end of a file', () => {
  test('when a crash left a part of a line, then that is cut off before the next is written', async () => {
    const file = makeFile()
    writeFileSync(file, Buffer.from('a\nZoë').subarray(0, -1))
    const { add, read } = openLog(file)
    await add('b')
    expect(read()).toBe('a\nb\n')
  })

  test('when its last line lacks only the line break, and the log can see that, then it is kept', async () => {
    const file = makeFile()
    writeFileSync(file, 'a\nb')
    const { add, read, known } = openLog(file, { isComplete: (line) => line === 'b' })
    await add('c')
    expect(read()).toBe('a\nb\nc\n')
    expect(known()).toEqual(['a', 'b', 'c'])
  })

  test('when the log finds the last lines invalid, then they are cut off', async () => {
    const file = makeFile()
    writeFileSync(file, 'a\nb\n\0\0\n')
    const { add, read } = openLog(file, { onLines: (lines) => lines.filter((line) => !line.includes('\0')).length })
    await add('c')
    expect(read()).toBe('a\nb\nc\n')
  })

  test('when only its tail is to be read, then reading begins with a whole line, however long the lines are', async () => {
    const file = makeFile()
    writeFileSync(file, ['first', 'x'.repeat(50_000), 'a', 'b', ''].join('\n'))
    const tail = (tailBytes: number) => {
      const { log, known } = openLog(file, { tailBytes })
      log.poll()
      return known()
    }
    expect(tail(4)).toEqual(['b'])
    expect(tail(1)).toEqual(['b'])
    expect(tail(50_000)).toEqual(['a', 'b'])
    expect(tail(1_000_000)).toHaveLength(4)
  })
})

describe('a write that fails', () => {
  const failing = (file: string) => {
    let fault: ((name: string, args: unknown[]) => void) | null = null
    const calls = watchedCalls((name, args) => fault?.(name, args))
    return {
      ...openLog(file, { calls }),
      fail: (next: typeof fault) => {
        fault = next
      },
    }
  }

  test.each(['writeSync', 'fdatasync', 'ftruncateSync'])(
    'when %s fails, then the whole turn rejects, nothing is added, and the next turn works',
    async (failed) => {
      const { add, fail, read } = failing(makeFile())
      await add('a')
      fail((name) => {
        // The next turn tries again to remove the line.
        if (name === failed || (failed === 'ftruncateSync' && name === 'fdatasync')) throw systemError('EIO')
      })
      const outcomes = await Promise.allSettled([add('b'), add('c')])
      expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
      fail(null)
      await add('d')
      expect(read()).toBe('a\nd\n')
    },
  )

  test('when the disk stores only a part of the line, then that part is removed', async () => {
    const file = makeFile()
    const { add, fail, read } = failing(file)
    await add('a')
    let isFirst = true
    fail((name) => {
      if (name !== 'writeSync') return
      if (!isFirst) throw systemError('ENOSPC')
      isFirst = false
      appendFileSync(file, 'ab')
      throw systemError('ENOSPC')
    })
    await expect(add('abcdef')).rejects.toMatchObject({ code: 'ENOSPC' })
    expect(read()).toBe('a\n')
  })

  test('when a sync fails, then the bytes are gone and that is synced before others are acknowledged', async () => {
    const { add, fail, read } = failing(makeFile())
    await add('a')
    const made: string[] = []
    let isBroken = true
    fail((name) => {
      if (/sync|write|truncate/.test(name)) made.push(name)
      if (isBroken && name.startsWith('f') && name.endsWith('sync')) throw systemError('EIO')
    })
    await expect(add('b')).rejects.toMatchObject({ code: 'EIO' })
    isBroken = false
    await add('c')
    expect(read()).toBe('a\nc\n')
    expect(made).toEqual([
      ...['writeSync', 'fdatasync', 'ftruncateSync', 'fsync'],
      ...['ftruncateSync', 'fsync', 'writeSync', 'fdatasync'],
    ])
  })

  test('when the name of a new file cannot be synced, then no line is acknowledged until it is', async () => {
    const { add, fail } = failing(makeFile())
    fail((name) => {
      if (name === 'fsync') throw systemError('EIO')
    })
    await expect(add('a')).rejects.toMatchObject({ code: 'EIO' })
    let syncs = 0
    fail((name) => {
      if (name === 'fsync') syncs += 1
    })
    await add('b')
    // The removal of the line, and the name.
    expect(syncs).toBe(2)
  })
})

describe('a rewrite', () => {
  test('when it resolves, then the file contains the new lines, and every log continues from there', async () => {
    const file = makeFile()
    const [a, b] = [openLog(file), openLog(file)]
    await a.add('1', '2')
    b.log.poll()
    await a.log.rewrite(async (append) => {
      await append(['3'])
      return ['new']
    })
    await Promise.all([a.add('4'), b.add('5')])
    expect(a.read().split('\n').toSorted()).toEqual(['', '4', '5', 'new'])
    expect(b.known().toSorted()).toEqual(['4', '5', 'new'])
    expect(existsSync(`${file}.tmp`)).toBe(false)
  })

  test('when somebody waits for the lock of the old file, then they write to the new one', async () => {
    const file = makeFile()
    let hasOpened = false
    const calls = watchedCalls((name) => {
      hasOpened ||= name === 'openSync'
    })
    const [a, b] = [openLog(file), openLog(file, { calls })]
    await a.add('1')
    let added: Promise<unknown> = Promise.resolve()
    await a.log.rewrite(async () => {
      added = b.add('2')
      while (!hasOpened) await nextTick()
      return ['new']
    })
    await added
    expect(a.read()).toBe('new\n2\n')
  })

  test('when the name of the new file is not on disk yet, then nobody else can write to it', async () => {
    const file = makeFile()
    const wasFree: boolean[] = []
    let isRenamed = false
    const calls = watchedCalls((name) => {
      isRenamed ||= name === 'renameSync'
      if (!isRenamed || name !== 'fsync') return
      const fd = openSync(file, 'a+')
      wasFree.push(tryLock(fd))
      closeSync(fd)
    })
    await openLog(file, { calls }).log.rewrite(async () => ['new'])
    expect(wasFree).toEqual([false])
  })

  test('when it fails before the new file has its name, then the old one is as it was', async () => {
    const file = makeFile()
    const calls = watchedCalls((name) => {
      if (name === 'renameSync') throw systemError('EIO')
    })
    const { log, add, read } = openLog(file, { calls })
    await add('a')
    await expect(log.rewrite(async () => ['new'])).rejects.toMatchObject({ code: 'EIO' })
    await add('b')
    expect(read()).toBe('a\nb\n')
    expect(existsSync(`${file}.tmp`)).toBe(false)
  })

  test('when it resolves, then the new file has the mode of the old one', async () => {
    const file = makeFile()
    const { log, add } = openLog(file)
    await add('a')
    chmodSync(file, 0o600)
    await log.rewrite(async () => ['new'])
    expect(statSync(file).mode & 0o777).toBe(0o600)
  })

  test('when it removes the file, then that is gone, and the next line begins a new one', async () => {
    const file = makeFile()
    const [a, b] = [openLog(file), openLog(file)]
    await a.add('1')
    b.log.poll()
    await a.log.rewrite(async () => 'removed')
    expect(existsSync(file)).toBe(false)
    b.log.poll()
    expect(b.known()).toEqual([])
    await b.add('2')
    expect(a.read()).toBe('2\n')
  })
})

test('when the log is a folder, then poll and turn report it', async () => {
  const file = makeFile()
  mkdirSync(file)
  const { log, add } = openLog(file)
  expect(() => log.poll()).toThrow(/EISDIR/)
  await expect(add('a')).rejects.toMatchObject({ code: 'EISDIR' })
})
