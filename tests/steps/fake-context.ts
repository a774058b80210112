import { type FlowContext, Logger, MemoryStateAdapter } from 'motia'
import { expect } from 'vitest'

/** An event as a step emits it, with an `id` if its pet owes it. */
export interface EmittedEvent {
  id?: string
  topic: string
  data: unknown
}

/** A log line as a step writes it: level, message, details. */
export type LogLine = [level: 'debug' | 'info' | 'warn' | 'error', message: string, details?: unknown]

/** A step's context that records what the step emits and logs. It fits every step: it takes any event. */
export interface FakeContext extends FlowContext<EmittedEvent> {
  readonly emitted: EmittedEvent[]
  readonly logged: LogLine[]
}

class RecordingLogger extends Logger {
  readonly lines: LogLine[] = []

  override debug(message: string, details?: unknown): void {
    this.lines.push(['debug', message, details])
  }

  override info(message: string, details?: unknown): void {
    this.lines.push(['info', message, details])
  }

  override warn(message: string, details?: unknown): void {
    this.lines.push(['warn', message, details])
  }

  override error(message: string, details?: unknown): void {
    this.lines.push(['error', message, details])
  }
}

/** Matches the id of an event that a pet owes. */
export const anyId = expect.stringMatching(/^[\w-]{10,}$/)

/** Returns a context. `onEmit` sees each event before it is recorded; if it throws or rejects, so does the emit. */
export const fakeContext = ({
  traceId = 'TRACE-1',
  onEmit = () => {},
}: {
  traceId?: string
  onEmit?: (event: EmittedEvent) => void | Promise<void>
} = {}): FakeContext => {
  const logger = new RecordingLogger()
  const emitted: EmittedEvent[] = []
  return {
    traceId,
    logger,
    state: new MemoryStateAdapter(),
    streams: {},
    emit: async (event) => {
      await onEmit(event)
      emitted.push(event)
    },
    emitted,
    logged: logger.lines,
  }
}
