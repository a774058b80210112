import { type JournalRecord, type RecordContent, readRecords, toRecord } from './journal-record'

/** The coming replacement of one version of the data file by another. */
export type Replacement = NonNullable<RecordContent['replacing']>

/** The addition of a turn to the journal. */
type Addition = Pick<RecordContent, 'changes' | 'replacing'>

/**
 * The records of the journal: the changes to the pets, and which of them each version of the data file contains. A new
 * journal keeps the changes that the previous version did not contain, so that other servers can follow without reading
 * the file.
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

  /** The next id: from the beginning of the journal, or after the pets in it; 1 if there is no journal. */
  get seq(): number {
    const changes = this.#records.flatMap((record) => record.changes ?? [])
    return changes.reduce((seq, { id }) => Math.max(seq, Number(id) + 1), this.#head?.seq ?? 1)
  }

  /**
   * Reads lines of other servers. Returns how many of them are records, and the new ones; null if they do not continue
   * the known records.
   */
  read(lines: readonly string[], isFresh: boolean): { count: number; news: JournalRecord[] | null } {
    const last = this.#records.at(-1)
    const records = readRecords(lines, isFresh || !last ? null : last.n)
    const count = records.length
    // Between two looks, others may have begun a journal and left records out of the next one.
    const isGap = !last && holdsBefore(records[0]) > this.#last
    if (!isFresh) {
      for (const record of records) this.add(record)
      return { count, news: isGap ? null : records }
    }
    this.restart(records)
    const known = records.findIndex(({ line }) => line === last?.line)
    const isUnknown = last ? known < 0 : isGap
    return { count, news: isUnknown ? null : records.slice(known + 1) }
  }

  /** The version of the data file with which the journal began. */
  get file(): string | null {
    return this.#head?.file ?? null
  }

  /** Returns the replacement that produced this version of the data file, unless a new journal has begun since. */
  unfinished(version: string | null): Replacement | undefined {
    return version === this.file ? undefined : this.#replacements().findLast(({ by }) => by === version)
  }

  /** Returns the next record, for that version of the data file. */
  next(addition: Addition, version: string | null, seq: number): JournalRecord {
    return toRecord({
      n: this.#last + 1,
      ...(this.isEmpty && { head: { file: version, holds: this.#last, seq } }),
      ...(this.isRemoved(version) && { isFileGone: true }),
      ...addition,
    })
  }

  /** Adds a record that is on disk. */
  add(record: JournalRecord): void {
    this.#records.push(record)
    this.#last = record.n
  }

  /** Returns whether somebody has removed the data file: the journal belongs to one, but there is none. */
  isRemoved(version: string | null): boolean {
    return version === null && this.file !== null
  }

  /** Returns the records with changes after number `held`. If the data file was removed, only those made since then. */
  after(held: number, version: string | null): JournalRecord[] {
    const isRemoved = this.isRemoved(version)
    return this.#records.filter(({ n, changes, isFileGone }) => n > held && changes && (!isRemoved || isFileGone))
  }

  /**
   * Returns the number of the last record in the version `to` of the data file, if servers made it from the version
   * `from`, in one step or several; otherwise null.
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
   * Returns the number of the last record in a version of the data file. A version that no server made is an edit of
   * one that a server made, and contains the same records. `replaced` is the last replaced version, if its file still
   * exists. `has` returns whether the edit has a pet.
   */
  heldBy(version: string | null, replaced: string | null, has: (id: string) => boolean): number {
    const { file = null, holds = this.#last } = this.#head ?? {}
    const replacements = this.#replacements()
    const known = replacements.findLast(({ by }) => by === version)
    if (known) return known.holds
    // A server was killed while it replaced the file: find out whether the replacement came before the edit or not at
    // all.
    const last = replacements.at(-1)
    if (!last || version === file) return holds
    const wasMade = last.file === null ? this.#creates(last.holds, has) : last.file === replaced
    return wasMade ? last.holds : holds
  }

  /** Returns the records of a new journal for a version of the data file that contains all up to `holds`. */
  restarted(version: string | null, holds: number, seq: number): JournalRecord[] {
    const heldBefore = this.#head?.holds ?? 0
    const kept = this.#records.filter(({ n }) => n > heldBefore).map(withoutHead)
    const n = (kept[0]?.n ?? this.#last + 1) - 1
    return [toRecord({ n, head: { file: version, holds, seq } }), ...kept]
  }

  /** Replaces all records. */
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

/** Returns the number of the last record before a journal that begins with this one; 0 for an empty journal. */
function holdsBefore(first: JournalRecord | undefined): number {
  if (!first) return 0
  // The first record of all has changes. One that replaces earlier records does not.
  return first.changes ? first.n - 1 : first.n
}
