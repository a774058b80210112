import { inspect } from 'node:util'
import { openJsonLines } from './json-lines'
import type { Level } from './log-level'

const COLOURS = { debug: 90, info: 34, warn: 33, error: 31 } as const

/** How log lines are printed. */
export type LogFormat = 'text' | 'json'

/** A log line: of a step's run, or of the server itself. `time` is epoch ms. */
export interface LogLine {
  time: number
  level: Level
  traceId?: string
  step?: string
  message: string
  details: Record<string, unknown>
}

/** Whether the terminal shows colours. */
export const useColours = process.stdout.isTTY === true && process.env.NO_COLOR === undefined
const colour = (code: number, text: string): string => (useColours ? `\u001b[${code}m${text}\u001b[39m` : text)

/** How long lines are collected, in ms: each write to a terminal or a file is a blocking system call. */
const FLUSH_AFTER_MS = 15

let lines: string[] = []

/** Writes the collected lines at once. */
export const flushConsole = (): void => {
  if (lines.length === 0) return
  const text = lines.join('')
  lines = []
  process.stdout.write(text)
}

/** Queues one line, which includes its line break. Lines that come close together are written together. */
const queueLine = (line: string): void => {
  if (lines.length === 0) setTimeout(flushConsole, FLUSH_AFTER_MS)
  lines.push(line)
}

let printJson: ((line: LogLine) => void) | undefined

/** Returns whether lines are printed as JSON. */
export const isJson = (): boolean => printJson !== undefined

/** Sets the format of all further lines. The initial format is `text`. */
export const setLogFormat = async (format: LogFormat): Promise<void> => {
  if (isJson() !== (format === 'json')) printJson = format === 'json' ? await openJsonLines(queueLine) : undefined
}

const twoDigits = (value: number): string => (value < 10 ? `0${value}` : String(value))

let clock = { second: 0, text: '' }

/** Returns the local time to the second. Consecutive calls share the text. */
const clockAt = (time: number): string => {
  const second = Math.floor(time / 1_000)
  if (second === clock.second) return clock.text
  const date = new Date(time)
  const day = [date.getFullYear(), date.getMonth() + 1, date.getDate()].map(twoDigits).join('-')
  clock = { second, text: `${day} ${[date.getHours(), date.getMinutes(), date.getSeconds()].map(twoDigits).join(':')}` }
  return clock.text
}

/** A string that needs only single quotes, no escapes and no second line. */
const PLAIN_TEXT = /^[^\\'\p{Cc}\p{Cs}]*$/u
const PLAIN_KEY = /^(?!__proto__$)[A-Za-z_][A-Za-z_0-9]*$/

/** Beyond this many characters, or members, Node abbreviates. */
const LONG_TEXT = 1_000
const MANY_MEMBERS = 50

/**
 * Returns the details of a log line as Node's `inspect` shows them. Most are a few strings and numbers. `inspect` needs
 * 10 µs for them, of the 600 µs of a whole request, so this formats them itself.
 */
export const formatDetails = (details: Record<string, unknown>): string => {
  const parts: string[] = []
  if (!useColours && Object.getPrototypeOf(details) === Object.prototype) {
    for (const key in details) {
      const text = PLAIN_KEY.test(key) ? formatPlain(details[key]) : null
      if (text === null || parts.length >= MANY_MEMBERS) return inspectDetails(details)
      parts.push(`${key}: ${text}`)
    }
    if (parts.length > 0) return `{ ${parts.join(', ')} }`
  }
  return inspectDetails(details)
}

const formatPlain = (value: unknown): string | null => {
  if (typeof value === 'string') return value.length < LONG_TEXT && PLAIN_TEXT.test(value) ? `'${value}'` : null
  if (typeof value === 'number') return Object.is(value, -0) ? '-0' : String(value)
  return typeof value === 'boolean' ? String(value) : null
}

const inspectDetails = (details: Record<string, unknown>): string =>
  inspect(details, { colors: useColours, breakLength: Number.POSITIVE_INFINITY, depth: 4 })

/** Returns the beginning of a text line: time, trace, level. */
export const headOf = (time: number, level: Level, traceId?: string): string => {
  const origin = traceId === undefined ? `[${clockAt(time)}]` : `[${clockAt(time)}] ${traceId}`
  return `${colour(90, origin)} ${colour(COLOURS[level], `[${level.toUpperCase()}]`)}`
}

/** Prints a log line as text (time, trace, level, step, message, details) or as JSON. */
export const printLog = (line: LogLine): void => {
  if (printJson) {
    printJson(line)
    return
  }
  const { time, traceId, level, step = '', message, details } = line
  const tail = Object.keys(details).length === 0 ? '' : ` ${formatDetails(details)}`
  queueLine(`${headOf(time, level, traceId)} ${colour(36, step)} ${message}${tail}\n`)
}

process.on('exit', flushConsole)
