import { type FlowContext, Logger, MemoryStateAdapter } from 'motia'

/** An event as a step emits it. */
export interface EmittedEvent {
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

/** Makes a context. `onEmit` sees each event before it is recorded; where it throws, the emit rejects and records nothing. */
export const fakeContext = ({
  traceId = 'TRACE-1',
  onEmit = () => {},
}: {
  traceId?: string
  onEmit?: (event: EmittedEvent) => void
} = {}): FakeContext => {
  const logger = new RecordingLogger()
  const emitted: EmittedEvent[] = []
  return {
    traceId,
    logger,
    state: new MemoryStateAdapter(),
    streams: {},
    emit: async (event) => {
      onEmit(event)
      emitted.push(event)
    },
    emitted,
    logged: logger.lines,
  }
}
