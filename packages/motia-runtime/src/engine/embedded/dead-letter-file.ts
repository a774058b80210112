import { z } from 'zod'
import { type FileCalls, nodeFiles } from '../../files/file-calls'
import { LineLog } from '../../files/line-log'
import { keepDamaged } from '../../files/set-aside'
import { type DeadLetter, type DeadLetters, deadLetterSchema } from '../engine'

/** The file is rewritten once it has this many removed dead letters, if they are the majority. */
const MANY_REMOVED = 100

const entrySchema = z.union([z.object({ add: deadLetterSchema }), z.object({ remove: z.string() })])

type Entry = z.infer<typeof entrySchema>

/** The dead letters in a file that the processes of a folder share: one line for each, and one for its removal. */
export class DeadLetterFile implements DeadLetters {
  readonly #letters = new Map<string, DeadLetter>()
  /** The ids of the dead letters whose removal is not on disk yet. */
  readonly #removing = new Set<string>()
  readonly #log: LineLog<Entry>
  #removedCount = 0

  /** `requeue` puts the message back into its queue durably. */
  constructor(
    path: string,
    private readonly requeue: (letter: DeadLetter) => void,
    calls: FileCalls = nodeFiles,
  ) {
    this.#log = new LineLog<Entry>(path, {
      calls,
      onLines: (lines, isFresh) => {
        if (isFresh) this.#letters.clear()
        const entries = lines.map(parse)
        if (isFresh && entries.includes(undefined)) keepDamaged(path, calls)
        for (const entry of entries) this.#apply(entry)
        return undefined
      },
      onWritten: (entries) => {
        for (const entry of entries) this.#apply(entry)
      },
    })
  }

  /** Stores a dead letter, unless there is one with its id. */
  add(letter: DeadLetter): Promise<void> {
    return this.#log.turn(() => ({ entries: this.#letters.has(letter.id) ? [] : [{ add: letter }], value: undefined }))
  }

  async list(): Promise<DeadLetter[]> {
    this.#log.poll()
    return [...this.#letters.values()]
  }

  async counts(): Promise<Map<string, number>> {
    const counts = new Map<string, number>()
    for (const { queue } of await this.list()) counts.set(queue, (counts.get(queue) ?? 0) + 1)
    return counts
  }

  retry(id: string): Promise<boolean> {
    return this.#remove(id, this.requeue)
  }

  discard(id: string): Promise<boolean> {
    return this.#remove(id, () => {})
  }

  async #remove(id: string, before: (letter: DeadLetter) => void): Promise<boolean> {
    let isOurs = false
    const remove = () => {
      const letter = this.#letters.get(id)
      if (!letter || this.#removing.has(id)) return { entries: [], value: false }
      // This comes first: a crash in between must not lose the message.
      before(letter)
      isOurs = true
      this.#removing.add(id)
      return { entries: [{ remove: id }], value: true }
    }
    try {
      const isRemoved = await this.#log.turn(remove)
      if (isRemoved) await this.#tidyUp()
      return isRemoved
    } finally {
      if (isOurs) this.#removing.delete(id)
    }
  }

  async #tidyUp(): Promise<void> {
    if (this.#letters.size > 0 && this.#removedCount < Math.max(MANY_REMOVED, this.#letters.size)) return
    await this.#log.rewrite(async () => {
      this.#removedCount = 0
      if (this.#letters.size === 0) return 'removed'
      return Array.from(this.#letters.values(), (letter) => JSON.stringify({ add: letter }))
    })
  }

  #apply(entry: Entry | undefined): void {
    if (!entry) return
    if ('add' in entry) this.#letters.set(entry.add.id, entry.add)
    else if (this.#letters.delete(entry.remove)) this.#removedCount += 1
  }
}

/** Returns the entry of a line; undefined if the line is damaged. */
const parse = (line: string): Entry | undefined => {
  try {
    return entrySchema.safeParse(JSON.parse(line)).data
  } catch {
    return undefined
  }
}
