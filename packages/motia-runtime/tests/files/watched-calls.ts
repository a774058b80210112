import type { FileCalls } from '../../src/files/file-calls'
import { nodeFiles } from '../../src/files/file-calls'

/** The calls of `node:fs`, each announced before it is made. What `onCall` throws is what the call fails with. */
export const watchedCalls = (onCall: (name: string, args: unknown[]) => void): FileCalls =>
  new Proxy(nodeFiles, {
    get: (calls, name) => {
      const call: unknown = Reflect.get(calls, name)
      if (typeof call !== 'function') return call
      return (...args: unknown[]) => {
        onCall(String(name), args)
        return Reflect.apply(call, undefined, args)
      }
    },
  })

/** An error as a system call has it. */
export const systemError = (code: string): Error => Object.assign(new Error(`${code}: '/secret/path'`), { code })
