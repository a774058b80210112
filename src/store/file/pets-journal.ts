import { type JournalRecord, type RecordContent, readRecords, toRecord } from './journal-record'
import { type PetChange, toPatch } from './pet-change'

/** That one version of the data file is about to be replaced by another. */
export type Replacement = NonNullable<RecordContent['replacing']>

/** What a turn adds to the journal. */
export type JournalEntry = { change: PetChange } | { seq: number } | { replacing: Replacement }

/**
 * The records of the journal: what happened to the pets, in order, and which of it the versions of the data file hold. The
 * journal keeps the records of the last replacement but one, so that other servers can follow without reading the file.
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

  /** The version of the data file that the journal belongs to; null if there was none when it began. */
  get file(): string | null {
    return this.#records[0]?.head?.file ?? null
  }

  /** The highest next id that the beginning of the journal knows. */
  get seq(): number {
    return this.#records[0]?.head?.seq ?? 1
  }

  /** Takes in lines that others wrote. Returns those of their records that are new, or null if they are another history. */
  read(lines: readonly string[], isFresh: boolean): { count: number; news: JournalRecord[] | null } {
    const known = isFresh ? undefined : this.#records.at(-1)
    const records = readRecords(lines, known?.n ?? null)
    const count = records.length
    if (!isFresh) {
      for (const record of records) this.add(record)
      return { count, news: records }
    }
    const last = this.#records.at(-1)
    const index = records.findIndex(({ line }) => line === last?.line)
    const isContinued = index >= 0 || (!last && count === 0)
    this.restart(records)
    return { count, news: isContinued ? records.slice(index + 1) : null }
  }

  /** Returns the next record: what a turn adds, while the data file is of that version. */
  next(entries: readonly JournalEntry[], version: string | null, seq: number): JournalRecord {
    const changes = entries.flatMap((entry) => ('change' in entry ? [toPatch(entry.change)] : []))
    const seqs = entries.flatMap((entry) => ('seq' in entry ? [entry.seq] : []))
    const replacing = entries.flatMap((entry) => ('replacing' in entry ? [entry.replacing] : [])).at(-1)
    return toRecord({
      n: this.#last + 1,
      ...(this.isEmpty && { head: { file: version, holds: this.#last, seq } }),
      ...(changes.length > 0 && { changes }),
      ...(this.isRemoved(version) && { isFileGone: true }),
      ...(seqs.length > 0 && { seq: Math.max(...seqs) }),
      ...(replacing && { replacing }),
    })
  }

  /** The record is on disk. */
  add(record: JournalRecord): void {
    this.#records.push(record)
    this.#last = record.n
  }

  /** Returns the number of the last record that a version holds if servers made it, in steps, from another one; null if not. */
  follow(from: string | null, to: string | null): number | null {
    let version = to
    let holds: number | null = null
    for (const replacement of this.#replacements().toReversed()) {
      if (replacement.by !== version) continue
      holds ??= replacement.holds
      version = replacement.file
      if (version === from) return holds
    }
    return null
  }

  /**
   * Returns the number of the last record that a version of the data file holds. A version that no server made is an edit: it
   * holds what the version held that it was made from. `replaced` is the version that the last replacement took out, if that is
   * still beside the file; `has` tells whether the edited file has a pet.
   */
  heldBy(version: string | null, replaced: string | null, has: (id: string) => boolean): number {
    const replacements = this.#replacements()
    const known = replacements.findLast(({ by }) => by === version)
    if (known) return known.holds
    const { file = null, holds = this.#last } = this.#records[0]?.head ?? {}
    const last = replacements.at(-1)
    if (!last || version === file) return holds
    // A first data file takes nothing out, but only from that can an edit have its pets.
    const isMade = last.file === null ? this.#creates(last.holds, has) : last.file === replaced
    return isMade ? last.holds : holds
  }

  /** Returns the records after number `held` that change a data file of that version. */
  after(held: number, version: string | null): JournalRecord[] {
    return this.#records.filter((record) => record.n > held && this.concerns(record, version))
  }

  /** Whether the record changes a data file of that version: one that was removed, only if that was before. */
  concerns({ changes, seq, isFileGone }: JournalRecord, version: string | null): boolean {
    return (changes !== undefined || seq !== undefined) && (!this.isRemoved(version) || isFileGone === true)
  }

  /** Whether there is no data file although there was one when the journal began: somebody removed it. */
  isRemoved(version: string | null): boolean {
    return version === null && this.file !== null
  }

  /** Returns the records with which the journal begins again, once the data file is of that version. */
  restarted(version: string | null, holds: number, seq: number): JournalRecord[] {
    const heldBefore = this.#records[0]?.head?.holds ?? 0
    const kept = this.#records.filter((record) => record.n > heldBefore).map(withoutHead)
    const n = (kept[0]?.n ?? this.#last + 1) - 1
    return [toRecord({ n, head: { file: version, holds, seq } }), ...kept]
  }

  /** These records are what the journal holds. */
  restart(records: JournalRecord[]): void {
    this.#records = records
    this.#last = records.at(-1)?.n ?? this.#last
  }

  #creates(upTo: number, isWanted: (id: string) => boolean): boolean {
    const changes = this.#records.flatMap((record) => (record.n <= upTo ? (record.changes ?? []) : []))
    return changes.some(({ id, pet }) => pet !== undefined && isWanted(id))
  }

  #replacements(): Replacement[] {
    return this.#records.flatMap(({ replacing }) => replacing ?? [])
  }
}

function withoutHead(record: JournalRecord): JournalRecord {
  if (!record.head) return record
  const { head: _, line: __, ...content } = record
  return toRecord(content)
}
