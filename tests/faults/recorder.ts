import { constants } from 'node:fs'
import { relative } from 'node:path'
import type { FileCalls } from 'motia-runtime'
import { aroundCalls } from '../../packages/motia-runtime/tests/files/watched-calls'

/** Something that happened to a file or a folder (`node`), or what the outside was told, in the order of time. */
export type Entry<Fact> =
  | { kind: 'names'; node: number; changes: [name: string, node: number | null][] }
  | { kind: 'write'; node: number; at: number; bytes: Buffer }
  | { kind: 'truncate'; node: number; size: number }
  | { kind: 'times'; node: number; mtime: number }
  /** All that happened to the node before entry `upTo` is on disk. */
  | { kind: 'sync'; node: number; upTo: number }
  /** A sync has failed: what was written to the file before entry `upTo` may never be on disk, whatever later syncs say. */
  | { kind: 'lost'; node: number; upTo: number }
  | { kind: 'fact'; fact: Fact }

/** The number of the recorded folder itself. */
export const ROOT_NODE = 0

interface OpenFile {
  node: number
  isAppending: boolean
  position: number
}

/** Makes file calls in an initially empty folder, and records what they change and what they sync. */
export class Recorder<Fact> {
  readonly log: Entry<Fact>[] = []
  readonly calls: FileCalls
  readonly #root: string
  /** The names in each folder. */
  readonly #folders = new Map<number, Map<string, number>>([[ROOT_NODE, new Map()]])
  readonly #sizes = new Map<number, number>()
  readonly #open = new Map<number, OpenFile>()
  #count = ROOT_NODE

  constructor(root: string) {
    this.#root = root
    this.calls = aroundCalls((name, args, make) => this.#call(name, args, make))
  }

  /** Records that the outside was told this. */
  note(fact: Fact): void {
    this.log.push({ kind: 'fact', fact })
  }

  /** Records that a sync of the open file has failed. */
  syncFailed(fd: unknown): void {
    const open = this.#open.get(Number(fd))
    if (open) this.log.push({ kind: 'lost', node: open.node, upTo: this.log.length })
  }

  #call(name: string, args: unknown[], make: () => unknown): unknown {
    // No reserve, which would be a megabyte in each folder: the disk does not say how full it is.
    if (name === 'statfsSync') throw new Error('ENOSYS')
    if (name === 'fsync' || name === 'fdatasync') return this.#syncLater(args)
    const result = make()
    switch (name) {
      case 'openSync':
        this.#opened(Number(result), String(args[0]), args[1])
        break
      case 'closeSync':
        this.#open.delete(Number(args[0]))
        break
      case 'writeSync':
        this.#written(Number(args[0]), args, Number(result))
        break
      case 'ftruncateSync':
        this.#truncated(this.#nodeOf(args[0]), Number(args[1] ?? 0))
        break
      case 'futimesSync':
        this.log.push({ kind: 'times', node: this.#nodeOf(args[0]), mtime: Number(args[2]) })
        break
      case 'fsyncSync':
        this.#synced(args[0], this.log.length)
        break
      case 'mkdirSync':
        this.#folders.set(this.#made(String(args[0])), new Map())
        break
      case 'rmSync':
        if (this.#find(String(args[0])) !== undefined) this.#rename([[String(args[0]), null]])
        break
      case 'linkSync':
        this.#rename([[String(args[1]), this.#find(String(args[0])) ?? null]])
        break
      case 'renameSync':
        this.#rename([
          [String(args[0]), null],
          [String(args[1]), this.#find(String(args[0])) ?? null],
        ])
        break
      case 'swapSync':
        this.#rename([
          [String(args[0]), this.#find(String(args[1])) ?? null],
          [String(args[1]), this.#find(String(args[0])) ?? null],
        ])
        break
      case 'copyFileSync':
        throw new Error('A recorded workload copies no files')
    }
    return result
  }

  /** Not the kernel's sync: in memory there is nothing to sync, and turns of the event loop come in the same order each time. */
  #syncLater([fd, done]: unknown[]): void {
    const upTo = this.log.length
    const open = this.#open.get(Number(fd))
    setImmediate(() => {
      if (open) this.log.push({ kind: 'sync', node: open.node, upTo })
      if (typeof done === 'function') done(null)
    })
  }

  #synced(fd: unknown, upTo: number): void {
    const open = this.#open.get(Number(fd))
    if (open) this.log.push({ kind: 'sync', node: open.node, upTo })
  }

  #opened(fd: number, path: string, flags: unknown): void {
    const isNumber = typeof flags === 'number'
    const mayCreate = isNumber ? (flags & constants.O_CREAT) !== 0 : /[wa]/.test(String(flags))
    const known = this.#find(path)
    if (known === undefined && !mayCreate) return
    const node = known ?? this.#made(path)
    if (known !== undefined && !isNumber && String(flags).startsWith('w')) this.#truncated(node, 0)
    this.#open.set(fd, { node, isAppending: !isNumber && String(flags).startsWith('a'), position: 0 })
  }

  #written(fd: number, [, data, offset = 0, , position]: unknown[], count: number): void {
    const open = this.#open.get(fd)
    if (!open) throw new Error(`No open file ${fd}`)
    const isText = typeof data === 'string'
    const bytes = isText ? Buffer.from(data) : data instanceof Uint8Array ? Buffer.from(data) : Buffer.alloc(0)
    const start = isText ? 0 : Number(offset)
    // Of a text the third argument is the position.
    const given = isText ? offset : position
    const size = this.#sizes.get(open.node) ?? 0
    const at = open.isAppending ? size : typeof given === 'number' ? given : open.position
    open.position = at + count
    this.#sizes.set(open.node, Math.max(size, at + count))
    this.log.push({ kind: 'write', node: open.node, at, bytes: bytes.subarray(start, start + count) })
  }

  #truncated(node: number, size: number): void {
    this.#sizes.set(node, size)
    this.log.push({ kind: 'truncate', node, size })
  }

  #made(path: string): number {
    this.#count += 1
    this.#rename([[path, this.#count]])
    return this.#count
  }

  #rename(changes: [path: string, node: number | null][]): void {
    const places = changes.map(([path, node]) => ({ ...this.#place(path), node }))
    const [first] = places
    if (!first || places.some(({ folder }) => folder !== first.folder)) throw new Error('Not in one folder')
    const names = this.#folders.get(first.folder)
    for (const { name, node } of places) {
      if (node === null) names?.delete(name)
      else names?.set(name, node)
    }
    this.log.push({ kind: 'names', node: first.folder, changes: places.map(({ name, node }) => [name, node]) })
  }

  #nodeOf(fd: unknown): number {
    const open = this.#open.get(Number(fd))
    if (!open) throw new Error(`No open file ${fd}`)
    return open.node
  }

  #place(path: string): { folder: number; name: string } {
    const parts = relative(this.#root, path).split('/')
    const name = parts.pop() ?? ''
    let folder = ROOT_NODE
    for (const part of parts) folder = this.#folders.get(folder)?.get(part) ?? Number.NaN
    return { folder, name }
  }

  #find(path: string): number | undefined {
    if (path === this.#root) return ROOT_NODE
    const { folder, name } = this.#place(path)
    return this.#folders.get(folder)?.get(name)
  }
}
