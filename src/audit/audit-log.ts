import { type FileCalls, LineLog, nodeFiles } from 'motia-runtime'
import { type Audit, type AuditEntry, type AuditNews, keyOf } from './audit'
import { readAuditFile } from './audit-file-reader'

/** How much of the trail's end to search for events that were delivered before, in bytes. */
const RECENT_BYTES = 256 * 1024

/** How long an entry may wait to share a sync, in ms. Each sync delays those of changes, for which clients wait. */
const PATIENCE_MS = 2

/** How many events to remember, so that a running process need not search the file. */
const RECENT_EVENTS = 10_000

/** Returns the key of a line of the file; nothing for an unreadable line, which was cut at the edge or edited. */
const readKey = (text: string): string[] => {
  try {
    return [keyOf(JSON.parse(text))]
  } catch {
    return []
  }
}

/** The audit trail in a file: one JSON line per event. */
export class AuditLog implements Audit {
  readonly #log: LineLog<AuditEntry>
  /** The keys of the events at the end of the file, or of the file before it was moved away. */
  readonly #recent = new Set<string>()
  /** The keys of the events that the current turn writes. */
  readonly #writing = new Set<string>()

  /** `now` returns epoch ms. Tests pass `calls` that fail. */
  constructor(
    private readonly file: string,
    now: () => number = () => Date.now(),
    private readonly calls: FileCalls = nodeFiles,
  ) {
    this.#log = new LineLog<AuditEntry>(file, {
      calls,
      tailBytes: RECENT_BYTES,
      isComplete: (line) => readKey(line).length > 0,
      onLines: (lines) => {
        this.#remember(lines.flatMap(readKey))
        return undefined
      },
      beforeTurn: () => this.#writing.clear(),
      encode: (entries) => entries.map((entry) => JSON.stringify({ at: now(), ...entry })),
      onWritten: () => this.#remember(this.#writing),
    })
  }

  /** Appends the entry and resolves once it is on disk. Does nothing if the event is among the recent ones. */
  append(entry: AuditEntry): Promise<void> {
    return this.#log.turn(() => {
      const key = keyOf(entry)
      const isKnown = this.#recent.has(key) || this.#writing.has(key)
      this.#writing.add(key)
      return { entries: isKnown ? [] : [entry], value: undefined }
    }, PATIENCE_MS)
  }

  async readAfter(end: string | undefined): Promise<AuditNews> {
    return readAuditFile(this.calls, this.file, end)
  }

  #remember(keys: Iterable<string>): void {
    for (const key of keys) this.#recent.add(key)
    for (const key of this.#recent) {
      if (this.#recent.size <= RECENT_EVENTS) break
      this.#recent.delete(key)
    }
  }
}
