import { createHash } from 'node:crypto'
import { z } from 'zod'
import { StoreError } from '../store'
import { patchSchema } from './pet-change'

const CHECKSUM_LENGTH = 16

/** A version of the data file, from `versionOf`; null if there is no file. */
const versionSchema = z.string().nullable()

const contentSchema = z.object({
  /** The number of the record. There are no gaps. */
  n: z.int(),
  /**
   * Begins a journal. `file` is its version of the data file, which contains all up to record `holds`. `seq` is the
   * next id.
   */
  head: z.object({ file: versionSchema, holds: z.int(), seq: z.int() }).optional(),
  /** The changes of a turn. */
  changes: z.array(patchSchema).optional(),
  /** The turn found no data file although the journal belongs to one: somebody had removed it. */
  isFileGone: z.literal(true).optional(),
  /**
   * The version `file` of the data file is about to be replaced by the version `by`, which contains all up to record
   * `holds`.
   */
  replacing: z.object({ file: versionSchema, by: z.string(), holds: z.int() }).optional(),
})

/** The content of a record. */
export type RecordContent = z.infer<typeof contentSchema>

/** A record with its line in the journal. */
export type JournalRecord = RecordContent & { line: string }

/** Returns the record, whose line is JSON and a checksum. */
export function toRecord(content: RecordContent): JournalRecord {
  const json = JSON.stringify(content)
  return { ...content, line: `${json} ${checksum(json)}` }
}

/**
 * Returns the records in the lines, except a last one that was not written completely. Throws a `StoreError` if
 * anything else is damaged. `after` is the number of the previous record; null at the beginning of the journal.
 */
export function readRecords(lines: readonly string[], after: number | null): JournalRecord[] {
  const records: JournalRecord[] = []
  for (const line of lines) {
    const last = records.at(-1)?.n ?? after
    const record = readRecord(line)
    if (!record && records.length === lines.length - 1) break
    const isNext = last === null ? record?.head !== undefined : record?.n === last + 1
    if (!record || !isNext) throw damaged(last)
    records.push(record)
  }
  return records
}

/** Returns the record; null if the checksum is wrong. */
function readRecord(line: string): JournalRecord | null {
  const json = line.slice(0, -CHECKSUM_LENGTH - 1)
  if (line !== `${json} ${checksum(json)}`) return null
  return { ...contentSchema.parse(JSON.parse(json)), line }
}

function damaged(last: number | null): StoreError {
  const place = last === null ? 'at its beginning' : `after record ${last}`
  return new StoreError(
    'STORE_INVALID',
    `The journal (pets.journal) is damaged ${place}. Restore it from a backup, or stop all servers and move it away: ` +
      'this loses the last changes, which are not in pets.json yet',
  )
}

const checksum = (json: string): string => createHash('sha256').update(json).digest('hex').slice(0, CHECKSUM_LENGTH)
