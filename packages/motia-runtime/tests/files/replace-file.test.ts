import {
  chmodSync,
  closeSync,
  linkSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { accessOf } from '../../src/files/file-access'
import { type FileCalls, nodeFiles } from '../../src/files/file-calls'
import { isSettled } from '../../src/files/file-stamp'
import { replaceFile, versionAt, writeFile } from '../../src/files/replace-file'
import { systemError, watchedCalls } from './watched-calls'

const makeFiles = () => {
  const folder = mkdtempSync(join(tmpdir(), 'replace-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return { path: join(folder, 'file'), next: join(folder, 'file.tmp') }
}

const write = async (path: string, text: string, calls: FileCalls = nodeFiles) =>
  closeSync(await writeFile(calls, path, [Buffer.from(text)]))

const read = (path: string) => readFileSync(path, 'utf8')

describe('writing a file', () => {
  test('when it is read at the same moment, then any later edit shows', async () => {
    const { path } = makeFiles()
    await write(path, 'a')
    expect(isSettled(statSync(path, { bigint: true }), Date.now())).toBe(true)
  })

  test('when something has that name, then it is replaced, not written to', async () => {
    const { path } = makeFiles()
    writeFileSync(path, 'old and longer')
    linkSync(path, `${path}.link`)
    await write(path, 'new')
    expect([read(path), read(`${path}.link`)]).toEqual(['new', 'old and longer'])
  })

  test.each(['writeSync', 'futimesSync', 'fsync'])('when %s fails, then nothing is left', async (name) => {
    const { path } = makeFiles()
    const calls = watchedCalls((called) => {
      if (called === name) throw systemError('ENOSPC')
    })
    await expect(write(path, 'a', calls)).rejects.toMatchObject({ code: 'ENOSPC' })
    expect(versionAt(nodeFiles, path)).toBeNull()
  })

  test('when it takes a long time, then other work runs in between', async () => {
    const { path } = makeFiles()
    let turns = 0
    const counting = setInterval(() => {
      turns += 1
    }, 1)
    function* parts() {
      for (let part = 0; part < 40; part++) {
        const until = performance.now() + 2
        while (performance.now() < until);
        yield Buffer.from('x')
      }
    }
    closeSync(await writeFile(nodeFiles, path, parts()))
    clearInterval(counting)
    expect(turns).toBeGreaterThan(5)
    expect(read(path)).toHaveLength(40)
  })
})

describe('the access of a new file', () => {
  test('when it may be changed, then it is that of the old file, whatever the umask', async () => {
    const { path } = makeFiles()
    writeFileSync(path, '')
    chmodSync(path, 0o666)
    const access = accessOf(statSync(path))
    closeSync(await writeFile(nodeFiles, `${path}.new`, [], access))
    expect(accessOf(statSync(`${path}.new`))).toEqual(access)
  })

  test('when the group cannot be kept, then another group gets no more than everybody', async () => {
    const { path } = makeFiles()
    const calls = watchedCalls((name) => {
      if (name === 'fchownSync') throw systemError('EPERM')
    })
    const { uid, gid } = statSync(join(path, '..'))
    closeSync(await writeFile(calls, path, [], { mode: 0o664, uid, gid: gid + 1 }))
    expect(accessOf(statSync(path))).toEqual({ mode: 0o644, uid, gid })
  })

  test('when only the owner cannot be kept, then the group and the mode are', async () => {
    const { path } = makeFiles()
    const given: unknown[] = []
    const calls = watchedCalls((name, [, uid, gid]) => {
      if (name !== 'fchownSync') return
      given.push([uid, gid])
      if (given.length === 1) throw systemError('EPERM')
    })
    const { uid, gid } = statSync(join(path, '..'))
    closeSync(await writeFile(calls, path, [], { mode: 0o664, uid: uid + 1, gid }))
    expect(accessOf(statSync(path))).toEqual({ mode: 0o664, uid, gid })
    expect(given).toEqual([[uid + 1, gid]])
  })
})

describe('replacing a file', () => {
  const prepare = async () => {
    const files = makeFiles()
    await write(files.path, 'old')
    await write(files.next, 'new')
    return { ...files, expected: { version: versionAt(nodeFiles, files.path) } }
  }

  test('when it is of the expected version, then it is exchanged and the folder synced', async () => {
    const { path, next, expected } = await prepare()
    const made: string[] = []
    expect(
      await replaceFile(
        watchedCalls((name) => made.push(name)),
        path,
        next,
        expected,
      ),
    ).toBe(true)
    expect([read(path), read(next)]).toEqual(['new', 'old'])
    expect(made.indexOf('fsync')).toBeGreaterThan(made.indexOf('swapSync'))
  })

  test('when it is of another version, then it stays', async () => {
    const { path, next, expected } = await prepare()
    writeFileSync(path, 'edited')
    expect(await replaceFile(nodeFiles, path, next, expected)).toBe(false)
    expect(read(path)).toBe('edited')
  })

  test('when it is edited between the check and the exchange, then the edit is restored at once', async () => {
    const { path, next, expected } = await prepare()
    const made: string[] = []
    const calls = watchedCalls((name) => {
      if (name === 'swapSync' && !made.includes(name)) writeFileSync(path, 'edited')
      made.push(name)
    })
    expect(await replaceFile(calls, path, next, expected)).toBe(false)
    expect(read(path)).toBe('edited')
    expect(made).not.toContain('fsync')
  })

  test('when its mode changes between the check and the exchange, then it stays, with that mode', async () => {
    const { path, next, expected } = await prepare()
    const calls = watchedCalls((name) => {
      if (name === 'swapSync') chmodSync(path, 0o400)
    })
    const access = accessOf(statSync(path))
    expect(await replaceFile(calls, path, next, { ...expected, access })).toBe(false)
    expect(read(path)).toBe('old')
    expect(accessOf(statSync(path)).mode).toBe(0o400)
  })

  test('when an editor that has the old file open writes to it during the sync, then the edit is put back', async () => {
    const { path, next, expected } = await prepare()
    const editor = openSync(path, 'r+')
    const calls = watchedCalls((name) => {
      if (name === 'fsync') writeSync(editor, 'edited')
    })
    expect(await replaceFile(calls, path, next, expected)).toBe(false)
    closeSync(editor)
    expect(read(path)).toBe('edited')
  })

  test('when it is edited again while an edit is put back, then the later one stays', async () => {
    const { path, next, expected } = await prepare()
    const edits = ['first', 'second']
    const calls = watchedCalls((name) => {
      const text = name === 'swapSync' ? edits.shift() : undefined
      if (text) {
        writeFileSync(`${path}~`, text)
        nodeFiles.renameSync(`${path}~`, path)
      }
    })
    expect(await replaceFile(calls, path, next, expected)).toBe(false)
    expect(read(path)).toBe('second')
  })

  test('when there is none and none is expected, then the new one gets its name', async () => {
    const { path, next } = makeFiles()
    await write(next, 'new')
    expect(await replaceFile(nodeFiles, path, next, { version: null })).toBe(true)
    expect(read(path)).toBe('new')
    expect(versionAt(nodeFiles, next)).toBeNull()
  })

  test('when somebody creates one at that moment, then that one stays', async () => {
    const { path, next } = makeFiles()
    await write(next, 'new')
    const calls = watchedCalls((name) => {
      if (name === 'linkSync') writeFileSync(path, 'theirs')
    })
    expect(await replaceFile(calls, path, next, { version: null })).toBe(false)
    expect(read(path)).toBe('theirs')
  })

  test('when somebody removes it at that moment, then nothing is put in its place', async () => {
    const { path, next, expected } = await prepare()
    const calls = watchedCalls((name) => {
      if (name === 'swapSync') rmSync(path)
    })
    expect(await replaceFile(calls, path, next, expected)).toBe(false)
    expect(versionAt(nodeFiles, path)).toBeNull()
  })

  test('when the disk cannot exchange files, then it is renamed, if nobody has edited the old one before', async () => {
    const { path, next, expected } = await prepare()
    const calls = watchedCalls((name) => {
      if (name === 'swapSync') throw systemError('EINVAL')
    })
    expect(await replaceFile(calls, path, next, expected)).toBe(true)
    expect(read(path)).toBe('new')
    await write(next, 'newer')
    expect(await replaceFile(calls, path, next, expected)).toBe(false)
    expect(read(path)).toBe('new')
  })
})
