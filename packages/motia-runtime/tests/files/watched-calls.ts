import type { FileCalls } from '../../src/files/file-calls'
import { nodeFiles } from '../../src/files/file-calls'

/** Wraps a call of the file system: returns the result of `make`, or what the call should return instead. */
export type Around = (name: string, args: unknown[], make: () => unknown) => unknown

/** Returns the calls, each passed to `around`. */
export const aroundCalls = (around: Around, inner: FileCalls = nodeFiles): FileCalls =>
  new Proxy(inner, {
    get: (calls, name) => {
      const call: unknown = Reflect.get(calls, name)
      if (typeof call !== 'function') return call
      return (...args: unknown[]): unknown => around(String(name), args, () => Reflect.apply(call, undefined, args))
    },
  })

/** Returns the calls of `node:fs`. `onCall` is called before each. If it throws, the call fails with that error. */
export const watchedCalls = (onCall: (name: string, args: unknown[]) => void): FileCalls =>
  aroundCalls((name, args, make) => {
    onCall(name, args)
    return make()
  })

/** Returns an error like that of a system call. */
export const systemError = (code: string): Error => Object.assign(new Error(`${code}: '/secret/path'`), { code })
