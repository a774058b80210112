import { type FileHandle, open } from 'node:fs/promises'
import { type AuditNews, type KeyedLine, readLine } from './audit'

/** How much of the trail's end to return at most, in bytes. */
const TAIL_BYTES = 128 * 1024

/** Returns the lines of an audit file after `end`, an offset in bytes. If there are many, only the latest. */
export const readAuditFile = async (file: string, end: string | undefined): Promise<AuditNews> => {
  const known = end !== undefined && /^\d{1,15}$/.test(end) ? Number(end) : undefined
  const handle = await open(file).catch(() => null)
  if (!handle) return { lines: [], end: '0', isNew: known !== undefined && known > 0 }
  try {
    const { size } = await handle.stat()
    const isNew = known === undefined || known > size
    return { ...(await readLines(handle, isNew ? 0 : known, size)), isNew }
  } finally {
    await handle.close()
  }
}

/** Returns the whole lines between two offsets, each with its own offset as key. */
const readLines = async (
  handle: FileHandle,
  from: number,
  to: number,
): Promise<{ lines: KeyedLine[]; end: string }> => {
  const start = Math.max(from, to - TAIL_BYTES)
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(to - start), 0, to - start, start)
  const lines: KeyedLine[] = []
  // The text before the first line break is the end of a line that began earlier.
  let position = start === from ? 0 : buffer.indexOf(0x0a) + 1
  for (;;) {
    const lineBreak = buffer.subarray(0, bytesRead).indexOf(0x0a, position)
    if (lineBreak < 0) break
    lines.push(...parseLine(buffer.toString('utf8', position, lineBreak), String(start + position)))
    position = lineBreak + 1
  }
  return { lines, end: String(start + position) }
}

const parseLine = (text: string, key: string): KeyedLine[] => {
  try {
    return readLine(JSON.parse(text), key)
  } catch {
    return []
  }
}
