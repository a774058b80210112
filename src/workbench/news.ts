import { type FileHandle, open, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { isVisible, presentPet } from '../pets/pet-changes'
import { type PetStore, StoreError } from '../pets/store'
import { auditFile } from '../settings'
import { type AuditLine, type News, readAuditLine } from './live'

/** How much of the audit trail's end is answered at most, in bytes. */
const TAIL_BYTES = 128 * 1024

/** What the page has already: the stamp of the store, and the end of the audit trail in bytes. */
export interface Known {
  stamp: string | undefined
  end: number | undefined
}

/** What is new in the data folder since the page last asked. Reads the files themselves: no step runs, no trace is made. */
export const readNews = async (store: PetStore, dataDir: string, known: Known): Promise<News> => ({
  store: await readStore(store, join(dataDir, 'pets.json'), known.stamp),
  audit: await readAudit(auditFile(dataDir), known.end),
})

const readStore = async (store: PetStore, file: string, knownStamp: string | undefined): Promise<News['store']> => {
  // The stamp is taken before the pets: where they change in between, the next answer has them again.
  const stamp = await stat(file, { bigint: true }).then(
    ({ ino, size, mtimeNs, ctimeNs }) => [ino, size, mtimeNs, ctimeNs].join('-'),
    () => 'none',
  )
  if (stamp === knownStamp) return { stamp }
  try {
    return { stamp, pets: (await store.list()).filter(isVisible).map(presentPet) }
  } catch (error) {
    if (error instanceof StoreError) return { stamp, error: error.message }
    throw error
  }
}

const readAudit = async (file: string, knownEnd: number | undefined): Promise<News['audit']> => {
  const handle = await open(file).catch(() => null)
  if (!handle) return { lines: [], end: 0, isNew: knownEnd !== undefined && knownEnd > 0 }
  try {
    const { size } = await handle.stat()
    const isNew = knownEnd === undefined || knownEnd > size
    const from = isNew ? 0 : knownEnd
    return { ...(await readLines(handle, from, size)), isNew }
  } finally {
    await handle.close()
  }
}

/** The whole lines between two offsets, only the last of them where there are many. */
const readLines = async (
  handle: FileHandle,
  from: number,
  to: number,
): Promise<{ lines: AuditLine[]; end: number }> => {
  const start = Math.max(from, to - TAIL_BYTES)
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(to - start), 0, to - start, start)
  const lines: AuditLine[] = []
  // What lies before the first line break is the end of a line that began earlier.
  let position = start === from ? 0 : buffer.indexOf(0x0a) + 1
  for (;;) {
    const lineBreak = buffer.subarray(0, bytesRead).indexOf(0x0a, position)
    if (lineBreak < 0) break
    lines.push(...readAuditLine(buffer.toString('utf8', position, lineBreak), start + position))
    position = lineBreak + 1
  }
  return { lines, end: start + position }
}
