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

/** How long a line may wait for company, in ms: each write to a terminal or a file is a system call that blocks. */
const FLUSH_AFTER_MS = 15

let lines: string[] = []

/** Writes what is waiting, at once. */
export const flushConsole = (): void => {
  if (lines.length === 0) return
  const text = lines.join('')
  lines = []
  process.stdout.write(text)
}

/** Queues one line for the terminal, with its line break; lines that come close together go out in one write. */
const queueLine = (line: string): void => {
  if (lines.length === 0) setTimeout(flushConsole, FLUSH_AFTER_MS)
  lines.push(line)
}

let printJson: ((line: LogLine) => void) | undefined

/** Whether lines are printed as JSON. */
export const isJson = (): boolean => printJson !== undefined

/** Prints lines in that format from now on. Without it that is `text`. */
export const setLogFormat = async (format: LogFormat): Promise<void> => {
  if (isJson() !== (format === 'json')) printJson = format === 'json' ? await openJsonLines(queueLine) : undefined
}

const twoDigits = (value: number): string => (value < 10 ? `0${value}` : String(value))

let clock = { second: 0, text: '' }

/** The local time to the second: lines that come close together share it. */
const clockAt = (time: number): string => {
  const second = Math.floor(time / 1_000)
  if (second === clock.second) return clock.text
  const date = new Date(time)
  const day = [date.getFullYear(), date.getMonth() + 1, date.getDate()].map(twoDigits).join('-')
  clock = { second, text: `${day} ${[date.getHours(), date.getMinutes(), date.getSeconds()].map(twoDigits).join(':')}` }
  return clock.text
}

/** A string that needs no quotes but single ones, no escapes and no second line. */
const PLAIN_TEXT = /^[^\\'\p{Cc}\p{Cs}]*$/u
const PLAIN_KEY = /^(?!__proto__$)[A-Za-z_][A-Za-z_0-9]*$/

/** Beyond this many characters, or members, Node abbreviates what it shows. */
const LONG_TEXT = 1_000
const MANY_MEMBERS = 50

/**
 * Returns the details of a log line as Node's `inspect` shows them. Most are a few strings and numbers, which are put together
 * here: `inspect` takes 10 µs for that, of the 600 that a whole request takes.
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

/** Returns what a line of text begins with: time, trace, level. */
export const headOf = (time: number, level: Level, traceId?: string): string => {
  const origin = traceId === undefined ? `[${clockAt(time)}]` : `[${clockAt(time)}] ${traceId}`
  return `${colour(90, origin)} ${colour(COLOURS[level], `[${level.toUpperCase()}]`)}`
}

/** Prints a step's log line: time, trace, level, step, then the message and its details as Node shows them; or as JSON. */
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
