import { type FileCalls, hasCode, readRange } from 'motia-runtime'
import { type AuditLine, type AuditNews, readLine } from './audit'

/** How much of the trail's end to return at most, in bytes. */
const TAIL_BYTES = 128 * 1024

/**
 * Returns the lines of an audit file after `end`, an offset in bytes. If there are many, only the latest. Throws if the
 * file cannot be read.
 */
export const readAuditFile = (calls: FileCalls, file: string, end: string | undefined): AuditNews => {
  const known = end !== undefined && /^\d{1,15}$/.test(end) ? Number(end) : undefined
  let fd: number
  try {
    fd = calls.openSync(file, 'r')
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error
    return { lines: [], end: '0', isNew: known !== undefined && known > 0 }
  }
  try {
    const { size } = calls.fstatSync(fd)
    const isNew = known === undefined || known > size
    const from = isNew ? 0 : known
    const start = Math.max(from, size - TAIL_BYTES)
    return { ...readLines(readRange(calls, fd, start, size), start, start > from), isNew }
  } finally {
    calls.closeSync(fd)
  }
}

/** Returns the whole lines in the bytes at an offset, each with its own offset as id. */
const readLines = (bytes: Buffer, start: number, isCut: boolean): { lines: AuditLine[]; end: string } => {
  const lines: AuditLine[] = []
  // The text before the first line break is the end of a line that began earlier.
  let position = isCut ? bytes.indexOf(0x0a) + 1 : 0
  for (;;) {
    const lineBreak = bytes.indexOf(0x0a, position)
    if (lineBreak < 0) break
    lines.push(...parseLine(bytes.toString('utf8', position, lineBreak), String(start + position)))
    position = lineBreak + 1
  }
  return { lines, end: String(start + position) }
}

const parseLine = (text: string, id: string): AuditLine[] => {
  try {
    return readLine(JSON.parse(text), id)
  } catch {
    return []
  }
}
