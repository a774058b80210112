import { type FileCalls, nodeFiles } from 'motia-runtime'
import { systemError } from '../../packages/motia-runtime/tests/files/watched-calls'

/** The error of a call of a process that has crashed. */
export class Crashed extends Error {}

interface Node {
  ino: bigint
  /** The names in a folder; undefined for a file. */
  names?: Map<string, Node>
  bytes: Buffer
  mtimeNs: bigint
  ctimeNs: bigint
  mode: number
  /** What a power cut leaves: the state at the beginning of the last sync that has ended. */
  synced: { at: number; bytes: Buffer; names: Map<string, Node> }
  /** The open file that has the lock, and those that wait for it. */
  lock?: OpenFile
  waiting: { file: OpenFile; grant: () => void }[]
}

interface OpenFile {
  node: Node
  isAppending: boolean
  position: number
}

/** A process that uses the disk. */
export interface DiskProcess {
  calls: FileCalls
  /** Ends it at once: its calls fail from now on, and the callbacks of those under way never come. */
  crash(): void
  /** Resolves once it has crashed. */
  crashed: Promise<void>
}

const NAMES = /[^/]+/g

/**
 * A file system in memory. What takes time, a sync or the wait for a lock, ends when `later` resolves; all else is done at
 * once, as in the server. Only what the server's file calls need is there.
 */
export class SimDisk {
  readonly #later: (what: string) => Promise<void>
  readonly #root: Node
  #processes: { crash: () => void }[] = []
  #count = 0

  constructor(later: (what: string) => Promise<void>) {
    this.#later = later
    this.#root = this.#newNode(new Map())
  }

  /** Ends all processes, and forgets what is not synced. */
  cutPower(): void {
    for (const process of this.#processes.splice(0)) process.crash()
    this.#forget(this.#root)
  }

  #forget(node: Node): void {
    node.bytes = Buffer.from(node.synced.bytes)
    if (!node.names) return
    node.names = new Map(node.synced.names)
    for (const child of node.names.values()) this.#forget(child)
  }

  /** Starts a process. */
  start(name: string): DiskProcess {
    const open = new Map<number, OpenFile>()
    let hasCrashed = false
    const table: Record<string, (...args: never[]) => unknown> = this.#calls(name, open, () => hasCrashed)
    const calls = new Proxy(nodeFiles, {
      get: (_, call) => {
        const run = table[String(call)]
        if (!run) return Reflect.get(nodeFiles, call)
        return (...args: never[]) => {
          if (hasCrashed) throw new Crashed(name)
          return run(...args)
        }
      },
    })
    let hasEnded = () => {}
    const crashed = new Promise<void>((resolve) => {
      hasEnded = resolve
    })
    const crash = () => {
      if (hasCrashed) return
      hasCrashed = true
      hasEnded()
      for (const file of open.values()) this.#release(file)
    }
    this.#processes.push({ crash })
    return { calls, crash, crashed }
  }

  #newNode(names?: Map<string, Node>): Node {
    const now = this.#now()
    const synced = { at: 0, bytes: Buffer.alloc(0), names: new Map() }
    const [ino, bytes] = [BigInt(++this.#count), Buffer.alloc(0)]
    return { ino, names, bytes, mtimeNs: now, ctimeNs: now, mode: names ? 0o755 : 0o644, synced, waiting: [] }
  }

  /** The time in ns, which never stands still. */
  #now(): bigint {
    return BigInt(Date.now()) * 1_000_000n + BigInt(++this.#count)
  }

  #find(path: string): Node | undefined {
    let node: Node | undefined = this.#root
    for (const [name] of path.matchAll(NAMES)) node = node?.names?.get(name)
    return node
  }

  #get(path: string): Node {
    const node = this.#find(path)
    if (!node) throw systemError('ENOENT')
    return node
  }

  /** The folder of a path, and the name in it. */
  #place(path: string): { names: Map<string, Node>; name: string } {
    const parts = [...path.matchAll(NAMES)].map(([name]) => name)
    const name = parts.pop() ?? ''
    const { names } = this.#get(parts.join('/'))
    if (!names) throw systemError('ENOTDIR')
    return { names, name }
  }

  #touch(node: Node, bytes: Buffer): void {
    node.bytes = bytes
    node.mtimeNs = node.ctimeNs = this.#now()
  }

  #release(file: OpenFile): void {
    const { node } = file
    node.waiting = node.waiting.filter((waiter) => waiter.file !== file)
    if (node.lock !== file) return
    const next = node.waiting.shift()
    node.lock = next?.file
    next?.grant()
  }

  #calls(process: string, open: Map<number, OpenFile>, hasCrashed: () => boolean) {
    const fileOf = (fd: number): OpenFile => {
      const file = open.get(fd)
      if (!file) throw systemError('EBADF')
      return file
    }
    const sync = (node: Node, what: string, callback: (error: Error | null) => void) => {
      const state = { at: ++this.#count, bytes: Buffer.from(node.bytes), names: new Map(node.names) }
      void this.#later(`${process} ${what}`).then(() => {
        if (hasCrashed()) return
        if (state.at > node.synced.at) node.synced = state
        callback(null)
      })
    }
    const statsOf = ({ ino, bytes, names, mtimeNs, ctimeNs, mode }: Node, options?: { bigint?: boolean }) => {
      const [isFile, isDirectory] = [() => !names, () => names !== undefined]
      const nlink = this.#isLinked(this.#root, ino) ? 1 : 0
      const rest = { mtimeNs, ctimeNs, isFile, isDirectory }
      return options?.bigint
        ? { ino, size: BigInt(bytes.length), mode: BigInt(mode), uid: 0n, gid: 0n, nlink: BigInt(nlink), ...rest }
        : { ino: Number(ino), size: bytes.length, mode, uid: 0, gid: 0, nlink, ...rest }
    }
    const stat = (path: string, options?: { bigint?: boolean; throwIfNoEntry?: boolean }) => {
      const node = options?.throwIfNoEntry === false ? this.#find(path) : this.#get(path)
      return node && statsOf(node, options)
    }
    const write = (file: OpenFile, data: Buffer, position: number): number => {
      const { node } = file
      const at = file.isAppending ? node.bytes.length : position
      const bytes = Buffer.alloc(Math.max(node.bytes.length, at + data.length))
      node.bytes.copy(bytes)
      data.copy(bytes, at)
      this.#touch(node, bytes)
      return data.length
    }
    return {
      accessSync: (path: string) => void this.#get(path),
      openSync: (path: string, flags: string | number, mode = 0o666) => {
        const isNew = typeof flags === 'string' ? /[aw]/.test(flags) : (flags & 0o100) !== 0
        const found = this.#find(path)
        if (found && /x/.test(String(flags))) throw systemError('EEXIST')
        if (!found && !isNew) throw systemError('ENOENT')
        let node = found
        if (!node) {
          const { names, name } = this.#place(path)
          node = this.#newNode()
          node.mode = mode & ~0o022
          names.set(name, node)
        }
        if (/^w/.test(String(flags))) this.#touch(node, Buffer.alloc(0))
        // Unlike those of a kernel, numbers are not used again: a stale one fails.
        const fd = ++this.#count
        open.set(fd, { node, isAppending: /^a/.test(String(flags)), position: 0 })
        return fd
      },
      closeSync: (fd: number) => {
        this.#release(fileOf(fd))
        open.delete(fd)
      },
      readSync: (fd: number, buffer: Buffer, offset: number, length: number, position: number) =>
        fileOf(fd).node.bytes.copy(buffer, offset, position, position + length),
      readFileSync: (file: string | number, encoding?: BufferEncoding) => {
        const { bytes } = typeof file === 'number' ? fileOf(file).node : this.#get(file)
        return encoding ? bytes.toString(encoding) : Buffer.from(bytes)
      },
      writeSync: (fd: number, data: Uint8Array | string, offset = 0) => {
        const file = fileOf(fd)
        if (typeof data === 'string') return write(file, Buffer.from(data), offset)
        const count = write(file, Buffer.from(data.subarray(offset)), file.position)
        file.position += count
        return count
      },
      ftruncateSync: (fd: number, length = 0) => {
        const { node } = fileOf(fd)
        const bytes = Buffer.alloc(length)
        node.bytes.copy(bytes)
        this.#touch(node, bytes)
      },
      futimesSync: (fd: number, _: number, mtime: number) => {
        const { node } = fileOf(fd)
        node.mtimeNs = BigInt(Math.round(mtime * 1e9))
        node.ctimeNs = this.#now()
      },
      fchmodSync: (fd: number, mode: number) => {
        fileOf(fd).node.mode = mode
      },
      fchownSync: () => {},
      fstatSync: (fd: number, options?: { bigint?: boolean }) => statsOf(fileOf(fd).node, options),
      statSync: stat,
      lstatSync: stat,
      statfsSync: () => {
        // No reserve: the disk does not say how full it is.
        throw systemError('ENOSYS')
      },
      fsync: (fd: number, callback: () => void) => sync(fileOf(fd).node, 'fsync', callback),
      fdatasync: (fd: number, callback: () => void) => sync(fileOf(fd).node, 'fdatasync', callback),
      fsyncSync: (fd: number) => {
        const { node } = fileOf(fd)
        node.synced = { at: ++this.#count, bytes: Buffer.from(node.bytes), names: new Map(node.names) }
      },
      mkdirSync: (path: string) => {
        const { names, name } = this.#place(path)
        if (names.has(name)) throw systemError('EEXIST')
        names.set(name, this.#newNode(new Map()))
      },
      readdirSync: (path: string) => [...(this.#get(path).names?.keys() ?? [])],
      rmSync: (path: string, { force = false } = {}) => {
        if (!this.#find(path)) {
          if (force) return
          throw systemError('ENOENT')
        }
        const { names, name } = this.#place(path)
        names.delete(name)
      },
      renameSync: (from: string, to: string) => {
        const node = this.#get(from)
        const [source, target] = [this.#place(from), this.#place(to)]
        source.names.delete(source.name)
        target.names.set(target.name, node)
        node.ctimeNs = this.#now()
      },
      linkSync: (from: string, to: string) => {
        const { names, name } = this.#place(to)
        if (names.has(name)) throw systemError('EEXIST')
        names.set(name, this.#get(from))
      },
      swapSync: (a: string, b: string) => {
        const [one, other] = [this.#get(a), this.#get(b)]
        const [first, second] = [this.#place(a), this.#place(b)]
        first.names.set(first.name, other)
        second.names.set(second.name, one)
      },
      copyFileSync: (from: string, to: string) => {
        const { names, name } = this.#place(to)
        const node = this.#newNode()
        node.bytes = Buffer.from(this.#get(from).bytes)
        names.set(name, node)
      },
      tryLock: (fd: number) => {
        const file = fileOf(fd)
        file.node.lock ??= file
        return file.node.lock === file
      },
      waitForLock: (fd: number) =>
        new Promise<void>((resolve) => {
          const file = fileOf(fd)
          const grant = () =>
            void this.#later(`${process} lock`).then(() => {
              if (!hasCrashed()) resolve()
            })
          if (file.node.lock) file.node.waiting.push({ file, grant })
          else {
            file.node.lock = file
            grant()
          }
        }),
    }
  }

  #isLinked(folder: Node, ino: bigint): boolean {
    return [...(folder.names?.values() ?? [])].some((node) => node.ino === ino || this.#isLinked(node, ino))
  }
}
