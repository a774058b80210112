import { format, formatWithOptions } from 'node:util'
import { errorMessage } from '../errors'
import { flushConsole, headOf, isJson, printLog, useColours } from './console-lines'
import { isLogged, type Level } from './log-level'

const METHODS = { debug: 'debug', info: 'info', warn: 'warn', error: 'error', log: 'info' } as const

/**
 * Turns what is printed with `console` into log lines, as text with time and level or as JSON. Steps, plugins, Motia
 * and Vite use the global console too, and a collector of JSON lines accepts nothing else, so this replaces its
 * methods. `console.log` is treated as output: it is printed at every level, and unchanged in text.
 */
export const takeOverConsole = (): void => {
  for (const method of ['debug', 'info', 'warn', 'error', 'log'] as const) {
    const level: Level = METHODS[method]
    const print = console[method].bind(console)
    console[method] = (...parts: unknown[]) => {
      if (method !== 'log' && !isLogged(level)) return
      if (isJson()) return printLog({ time: Date.now(), level, ...messageOf(parts) })
      // Keep the order: print earlier log lines first.
      flushConsole()
      if (method === 'log') print(...parts)
      else print(`${headOf(Date.now(), level)} ${formatWithOptions({ colors: useColours }, ...parts)}`)
    }
  }
}

/** Turns Node's own warnings, which it writes to standard error, into log lines. */
export const takeOverWarnings = (): void => {
  process.removeAllListeners('warning')
  process.on('warning', ({ name, message }) => console.warn(`${name}: ${message}`))
}

/** Prints why the server ends, as one line in either format. */
export const printFailure = (error: unknown): void => {
  const message = errorMessage(error)
  if (isJson()) printLog({ time: Date.now(), level: 'error', message, details: {} })
  else process.stderr.write(`✗ ${message}\n`)
}

/** Returns the text of a console call, and its first error, with the stack, as a field. */
const messageOf = (parts: unknown[]): { message: string; details: Record<string, unknown> } => {
  const error = parts.find((part) => part instanceof Error)
  if (!error) return { message: format(...parts), details: {} }
  const others = parts.filter((part) => part !== error)
  return { message: others.length > 0 ? format(...others).replace(/:$/, '') : error.message, details: { error } }
}
