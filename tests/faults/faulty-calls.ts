import { type FileCalls, nodeFiles } from 'motia-runtime'
import { aroundCalls, systemError } from '../../packages/motia-runtime/tests/files/watched-calls'

/** What a call may fail with. `short` writes only half of the bytes, and says so. */
const CODES: Record<string, readonly [string, ...string[]]> = {
  openSync: ['EIO', 'ENOSPC', 'EMFILE', 'EACCES', 'EINTR'],
  writeSync: ['EIO', 'ENOSPC', 'EINTR', 'short'],
  fsync: ['EIO', 'ENOSPC', 'EINTR'],
  fdatasync: ['EIO', 'ENOSPC', 'EINTR'],
  fsyncSync: ['EIO', 'ENOSPC', 'EINTR'],
  renameSync: ['EIO', 'ENOSPC', 'EACCES', 'EINTR'],
  swapSync: ['EIO', 'ENOSPC', 'EACCES', 'EINTR'],
  linkSync: ['EIO', 'ENOSPC', 'EACCES', 'EINTR'],
  mkdirSync: ['EIO', 'ENOSPC', 'EACCES', 'EINTR'],
  readdirSync: ['EIO', 'EMFILE', 'EACCES', 'EINTR'],
  readFileSync: ['EIO', 'EMFILE', 'EACCES', 'EINTR'],
}

/** What all other calls may fail with. */
const OTHER_CODES = ['EIO', 'EACCES', 'EINTR'] as const

/** Returns what the call of that name may fail with. */
export const codesOf = (name: string): readonly [string, ...string[]] => CODES[name] ?? OTHER_CODES

/** Which call fails, counted from 1, and what with: it alone, or all later ones of its name too, until the fault is over. */
export interface Fault {
  at: number
  codeOf: (name: string) => string
  isLasting: boolean
}

/** File calls of which some fail, and the descriptors that they leave open. */
export class FaultyCalls {
  readonly calls: FileCalls
  /** The names of the calls that were made. */
  readonly made: string[] = []
  /** What failed first, and how. */
  failed: string | null = null
  readonly #open = new Map<unknown, unknown>()
  readonly #fault: Fault
  #isOver = false
  #failing: { name: string; code: string } | null = null

  constructor(fault: Fault) {
    this.#fault = fault
    this.calls = aroundCalls((name, args, make) => this.#call(name, args, make))
  }

  /** The paths of the files that are open. */
  get open(): unknown[] {
    return [...this.#open.values()]
  }

  /** Ends the fault. */
  heal(): void {
    this.#isOver = true
  }

  #call(name: string, args: unknown[], make: () => unknown): unknown {
    this.made.push(name)
    const code = this.#codeNow(name)
    // The descriptor of a file that cannot be closed is free all the same.
    if (name === 'closeSync') {
      this.#open.delete(args[0])
      make()
      if (code) throw systemError(code)
      return undefined
    }
    if (code === 'short' && args[1] instanceof Uint8Array) return writeHalf(args)
    if (code && code !== 'short') return fail(args, systemError(code), name)
    const result = make()
    if (name === 'openSync') this.#open.set(result, args[0])
    return result
  }

  #codeNow(name: string): string | null {
    if (this.#isOver) return null
    const { at, codeOf, isLasting } = this.#fault
    if (this.made.length === at) {
      this.#failing = { name, code: codeOf(name) }
      this.failed = `${name}: ${this.#failing.code}${isLasting ? ' from then on' : ''}`
      return this.#failing.code
    }
    return isLasting && this.#failing?.name === name ? this.#failing.code : null
  }
}

const fail = (args: unknown[], error: Error, name: string): unknown => {
  const done = args.at(-1)
  if (name === 'waitForLock') return Promise.reject(error)
  if (typeof done !== 'function') throw error
  setImmediate(() => done(error))
  return undefined
}

const writeHalf = ([fd, bytes, offset = 0]: unknown[]): number => {
  if (!(bytes instanceof Uint8Array)) throw new Error('Only bytes are written by halves')
  const start = Number(offset)
  return nodeFiles.writeSync(Number(fd), bytes, start, Math.ceil((bytes.length - start) / 2))
}
