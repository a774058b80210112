import { inspect } from 'node:util'

const COLOURS = { debug: 90, info: 34, warn: 33, error: 31 } as const

/** The level of a log line. */
export type Level = keyof typeof COLOURS

const useColours = process.stdout.isTTY === true && process.env.NO_COLOR === undefined
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

/** Queues one line for the terminal; lines that come close together go out in one write. */
const queueLine = (line: string): void => {
  if (lines.length === 0) setTimeout(flushConsole, FLUSH_AFTER_MS)
  lines.push(`${line}\n`)
}

const twoDigits = (value: number): string => (value < 10 ? `0${value}` : String(value))

const clock = (time: number): string => {
  const date = new Date(time)
  return `${twoDigits(date.getHours())}:${twoDigits(date.getMinutes())}:${twoDigits(date.getSeconds())}`
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

/** Prints a step's log line: time, trace, level, step, then the message and its details as Node shows them. */
export const printLog = (line: {
  time: number
  traceId: string
  level: Level
  step: string
  message: string
  details: Record<string, unknown>
}): void => {
  const { time, traceId, level, step, message, details } = line
  const head = `${colour(90, `[${clock(time)}] ${traceId}`)} ${colour(COLOURS[level], `[${level.toUpperCase()}]`)}`
  const tail = Object.keys(details).length === 0 ? '' : ` ${formatDetails(details)}`
  queueLine(`${head} ${colour(36, step)} ${message}${tail}`)
}

process.on('exit', flushConsole)
