import { type JournalRecord, type RecordContent, readRecords, toRecord } from './journal-record'

/** That one version of the data file is about to be replaced by another. */
export type Replacement = NonNullable<RecordContent['replacing']>

/** What a turn adds to the journal. */
export type Addition = Pick<RecordContent, 'changes' | 'replacing'>

/**
 * The records of the journal: what happened to the pets, and which of it the versions of the data file hold. When it begins
 * again, it keeps what the version before did not hold, so that other servers can follow without reading the file.
 */
export class PetsJournal {
  #records: JournalRecord[] = []
  #last = 0

  /** The number of the last record. */
  get last(): number {
    return this.#last
  }

  get isEmpty(): boolean {
    return this.#records.length === 0
  }

  /** The next id: that of when the journal began, or the one after the pets in it; 1 if there is no journal. */
  get seq(): number {
    const changes = this.#records.flatMap((record) => record.changes ?? [])
    return changes.reduce((seq, { id }) => Math.max(seq, Number(id) + 1), this.#head?.seq ?? 1)
  }

  /**
   * Takes in lines that others wrote. Returns how many of them are records, and which of these are new: null if they do not
   * go on from what is known.
   */
  read(lines: readonly string[], isFresh: boolean): { count: number; news: JournalRecord[] | null } {
    const last = this.#records.at(-1)
    const records = readRecords(lines, isFresh || !last ? null : last.n)
    const count = records.length
    if (!isFresh) {
      for (const record of records) this.add(record)
      return { count, news: records }
    }
    this.restart(records)
    const known = records.findIndex(({ line }) => line === last?.line)
    return { count, news: last && known < 0 ? null : records.slice(known + 1) }
  }

  /** The version of the data file with which the journal began. */
  get file(): string | null {
    return this.#head?.file ?? null
  }

  /** Returns the replacement that made the version of the data file, unless the journal has begun again since. */
  unfinished(version: string | null): Replacement | undefined {
    return version === this.file ? undefined : this.#replacements().findLast(({ by }) => by === version)
  }

  /** Returns the record to write next, while the data file is of that version. */
  next(addition: Addition, version: string | null, seq: number): JournalRecord {
    return toRecord({
      n: this.#last + 1,
      ...(this.isEmpty && { head: { file: version, holds: this.#last, seq } }),
      ...(this.isRemoved(version) && { isFileGone: true }),
      ...addition,
    })
  }

  /** The record is on disk. */
  add(record: JournalRecord): void {
    this.#records.push(record)
    this.#last = record.n
  }

  /** Whether there is no data file although the journal belongs to one: somebody removed it. */
  isRemoved(version: string | null): boolean {
    return version === null && this.file !== null
  }

  /** Returns the records with changes after number `held`; if the data file was removed, only those made since then. */
  after(held: number, version: string | null): JournalRecord[] {
    const isRemoved = this.isRemoved(version)
    return this.#records.filter(({ n, changes, isFileGone }) => n > held && changes && (!isRemoved || isFileGone))
  }

  /**
   * Returns the number of the last record that the version `to` of the data file holds, if servers made it from the version
   * `from`, in one step or several; null if not.
   */
  follow(from: string | null, to: string | null): number | null {
    let holds: number | null = null
    let version = to
    for (const replacement of this.#replacements().toReversed()) {
      if (replacement.by !== version) continue
      holds ??= replacement.holds
      version = replacement.file
      if (version === from) return holds
    }
    return null
  }

  /**
   * Returns the number of the last record that a version of the data file holds. One that no server made is an edit of one that
   * a server made, and holds what that did. `replaced` is the version that was taken out last, if it is still there; `has`
   * tells whether the edit has a pet.
   */
  heldBy(version: string | null, replaced: string | null, has: (id: string) => boolean): number {
    const { file = null, holds = this.#last } = this.#head ?? {}
    const replacements = this.#replacements()
    const known = replacements.findLast(({ by }) => by === version)
    if (known) return known.holds
    // If a server was killed while it replaced the file: was that before the edit, or did it not come to it?
    const last = replacements.at(-1)
    if (!last || version === file) return holds
    const wasMade = last.file === null ? this.#creates(last.holds, has) : last.file === replaced
    return wasMade ? last.holds : holds
  }

  /** Returns the records with which the journal begins again, once that version of the data file holds all up to `holds`. */
  restarted(version: string | null, holds: number, seq: number): JournalRecord[] {
    const heldBefore = this.#head?.holds ?? 0
    const kept = this.#records.filter(({ n }) => n > heldBefore).map(withoutHead)
    const n = (kept[0]?.n ?? this.#last + 1) - 1
    return [toRecord({ n, head: { file: version, holds, seq } }), ...kept]
  }

  /** The journal consists of these records. */
  restart(records: readonly JournalRecord[]): void {
    this.#records = [...records]
    this.#last = records.at(-1)?.n ?? this.#last
  }

  get #head(): RecordContent['head'] {
    return this.#records[0]?.head
  }

  #replacements(): Replacement[] {
    return this.#records.flatMap(({ replacing }) => replacing ?? [])
  }

  #creates(upTo: number, isWanted: (id: string) => boolean): boolean {
    const changes = this.#records.flatMap((record) => (record.n <= upTo ? (record.changes ?? []) : []))
    return changes.some(({ id, pet }) => pet !== undefined && isWanted(id))
  }
}

function withoutHead(record: JournalRecord): JournalRecord {
  if (!record.head) return record
  const { head: _, line: __, ...content } = record
  return toRecord(content)
}
