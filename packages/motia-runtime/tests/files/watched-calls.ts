import type { FileCalls } from '../../src/files/file-calls'
import { nodeFiles } from '../../src/files/file-calls'

/** Stands between a call and the file system: returns what `make` does, or what the call is to return instead. */
export type Around = (name: string, args: unknown[], make: () => unknown) => unknown

/** The calls, each handed to `around`. */
export const aroundCalls = (around: Around, inner: FileCalls = nodeFiles): FileCalls =>
  new Proxy(inner, {
    get: (calls, name) => {
      const call: unknown = Reflect.get(calls, name)
      if (typeof call !== 'function') return call
      return (...args: unknown[]): unknown => around(String(name), args, () => Reflect.apply(call, undefined, args))
    },
  })

/** The calls of `node:fs`, each announced before it is made. What `onCall` throws is what the call fails with. */
export const watchedCalls = (onCall: (name: string, args: unknown[]) => void): FileCalls =>
  aroundCalls((name, args, make) => {
    onCall(name, args)
    return make()
  })

/** An error as a system call has it. */
export const systemError = (code: string): Error => Object.assign(new Error(`${code}: '/secret/path'`), { code })
