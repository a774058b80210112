import { format, formatWithOptions } from 'node:util'
import { flushConsole, headOf, isJson, printLog, useColours } from './console-lines'
import { isLogged, type Level } from './log-level'

const METHODS = { debug: 'debug', info: 'info', warn: 'warn', error: 'error', log: 'info' } as const

/**
 * Makes log lines of what is printed with `console`: with time and level as text, whole as JSON. Steps, plugins, Motia and Vite
 * print with it too, and a collector of JSON lines stumbles over any other, so the methods of the one global console are
 * replaced. `console.log` is output rather than a log: it is printed at every level, and as it is in text.
 */
export const takeOverConsole = (): void => {
  for (const method of ['debug', 'info', 'warn', 'error', 'log'] as const) {
    const level: Level = METHODS[method]
    const print = console[method].bind(console)
    console[method] = (...parts: unknown[]) => {
      if (method !== 'log' && !isLogged(level)) return
      if (isJson()) return printLog({ time: Date.now(), level, ...messageOf(parts) })
      // What was logged before comes before.
      flushConsole()
      if (method === 'log') print(...parts)
      else print(`${headOf(Date.now(), level)} ${formatWithOptions({ colors: useColours }, ...parts)}`)
    }
  }
}

/** Makes log lines of Node's own warnings, which it writes to standard error by itself. */
export const takeOverWarnings = (): void => {
  process.removeAllListeners('warning')
  process.on('warning', ({ name, message }) => console.warn(`${name}: ${message}`))
}

/** Prints why the server ends, as one line in either format. */
export const printFailure = (error: unknown): void => {
  const message = error instanceof Error ? error.message : String(error)
  if (isJson()) printLog({ time: Date.now(), level: 'error', message, details: {} })
  else process.stderr.write(`✗ ${message}\n`)
}

/** The first error of what is printed is a field of its own, with its stack. */
const messageOf = (parts: unknown[]): { message: string; details: Record<string, unknown> } => {
  const error = parts.find((part) => part instanceof Error)
  if (!error) return { message: format(...parts), details: {} }
  const others = parts.filter((part) => part !== error)
  return { message: others.length > 0 ? format(...others).replace(/:$/, '') : error.message, details: { error } }
}
