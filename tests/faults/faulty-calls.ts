import { type FileCalls, nodeFiles } from 'motia-runtime'
import { aroundCalls, systemError } from '../../packages/motia-runtime/tests/files/watched-calls'

/** What any call may fail with. */
const CODES = ['EIO', 'ENOSPC', 'EMFILE', 'EACCES', 'EINTR'] as const

/** How a call fails. `short`: a write writes only half of the bytes, and says so. */
export type Failure = (typeof CODES)[number] | 'short'

/** Returns the ways in which the call of that name may fail. */
export const failuresOf = (name: string): readonly Failure[] => (name === 'writeSync' ? [...CODES, 'short'] : CODES)

/** Which call fails, counted from 1, and how: it alone, or all later ones of its name too, until the fault is over. */
export interface Fault {
  at: number
  failure: Failure
  isLasting: boolean
}

/** File calls of which some fail, and the descriptors that they leave open. */
export class FaultyCalls {
  readonly calls: FileCalls
  /** The names of the calls that were made. */
  readonly made: string[] = []
  /** The name of the call that failed first. */
  failed: string | null = null
  readonly #open = new Map<unknown, unknown>()
  readonly #fault: Fault | null
  #healedAt = Number.POSITIVE_INFINITY

  /** Without a fault, no call fails. */
  constructor(fault: Fault | null = null) {
    this.#fault = fault
    this.calls = aroundCalls((name, args, make) => this.#call(name, args, make))
  }

  /** The paths of the files that are open. */
  get open(): unknown[] {
    return [...this.#open.values()]
  }

  /** The names of the calls that were made before the fault ended. */
  get exposed(): string[] {
    return this.made.slice(0, this.#healedAt)
  }

  /** Ends the fault. */
  heal(): void {
    this.#healedAt = Math.min(this.#healedAt, this.made.length)
  }

  #call(name: string, args: unknown[], make: () => unknown): unknown {
    this.made.push(name)
    const failure = this.#failureOf(name)
    // The descriptor is free even if closing the file failed.
    if (name === 'closeSync') {
      this.#open.delete(args[0])
      make()
      if (failure) throw systemError(failure)
      return undefined
    }
    if (failure === 'short') return writeHalf(args)
    if (failure) return fail(args, systemError(failure), name)
    const result = make()
    if (name === 'openSync') this.#open.set(result, args[0])
    return result
  }

  #failureOf(name: string): Failure | null {
    if (this.made.length > this.#healedAt || !this.#fault) return null
    const { at, failure, isLasting } = this.#fault
    if (failure === 'short' && name !== 'writeSync') return null
    if (this.made.length === at) this.failed = name
    return this.made.length === at || (isLasting && this.failed === name) ? failure : null
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
  if (!(bytes instanceof Uint8Array)) throw new Error('Text cannot be written by halves')
  const start = Number(offset)
  return nodeFiles.writeSync(Number(fd), bytes, start, Math.ceil((bytes.length - start) / 2))
}
