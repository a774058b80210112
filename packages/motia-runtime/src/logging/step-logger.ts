import { Logger } from 'motia'
import type { WorkbenchFeed } from '../traces/workbench-feed'
import { printLog } from './console-lines'
import { isLevel, isLogged, type Level } from './log-level'

type Listener = (level: string, message: string, details?: unknown) => void

/** Returns the details as an object. */
const objectOf = (given: unknown): Record<string, unknown> => {
  if (given === undefined) return {}
  // An error's own members do not include the message and the stack.
  if (given instanceof Error) return { error: given }
  return typeof given === 'object' && given !== null ? { ...given } : { details: given }
}

/** Replaces errors, which JSON would turn into `{}`, by their message and stack for the Workbench. */
const withErrorsSpelledOut = (details: Record<string, unknown>): Record<string, unknown> => {
  const { error } = details
  return error instanceof Error
    ? { ...details, error: { name: error.name, message: error.message, stack: error.stack } }
    : details
}

/**
 * Motia's logger for one run of a step. It prints each line, and passes it to the Workbench's feed instead of writing
 * it to Redis while the step waits.
 */
export class StepLogger extends Logger {
  readonly #listeners: Listener[] = []

  constructor(
    private readonly feed: WorkbenchFeed,
    private readonly traceId: string,
    private readonly step: string,
    private readonly flows: string[],
  ) {
    super()
  }

  override child(meta: Record<string, unknown>): StepLogger {
    return new StepLogger(this.feed, this.traceId, typeof meta.step === 'string' ? meta.step : this.step, this.flows)
  }

  override debug(message: string, details?: unknown): void {
    this.#write('debug', message, details)
  }

  override info(message: string, details?: unknown): void {
    this.#write('info', message, details)
  }

  override warn(message: string, details?: unknown): void {
    this.#write('warn', message, details)
  }

  override error(message: string, details?: unknown): void {
    this.#write('error', message, details)
  }

  /** Logs a line that the stock runner's process sent. */
  override log({ level, msg, time: _, traceId: __, flows: ___, ...details }: Record<string, unknown>): void {
    this.#write(isLevel(level) ? level : 'info', String(msg), details)
  }

  override addListener(listener: Listener): void {
    this.#listeners.push(listener)
  }

  override removeListener(listener: Listener): boolean {
    const index = this.#listeners.indexOf(listener)
    if (index >= 0) this.#listeners.splice(index, 1)
    return index >= 0
  }

  #write(level: Level, message: string, given: unknown): void {
    if (!isLogged(level)) return
    const time = Date.now()
    const details = objectOf(given)
    printLog({ time, traceId: this.traceId, level, step: this.step, message, details })
    if (!this.feed.isOn && this.#listeners.length === 0) return
    const plain = withErrorsSpelledOut(details)
    this.feed.log({
      ...plain,
      level,
      time,
      msg: message,
      traceId: this.traceId,
      flows: this.flows,
      step: this.step,
    })
    for (const listener of this.#listeners) listener(level, message, plain)
  }
}
