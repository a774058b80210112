import { DAY_MS } from '../../src/pets/pet'

/** Since 2001, epoch ms have 13 digits. Nothing else here does. */
const isTime = (value: number): boolean => value >= 1e12

/** A JSON value with times, durations and trace ids replaced: a time beside a `createdAt` by its distance in whole days. */
export const withoutTimes = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(withoutTimes)
  if (typeof value !== 'object' || value === null) return value
  const base = 'createdAt' in value && typeof value.createdAt === 'number' ? value.createdAt : undefined
  const entries = Object.entries(value).map(([key, member]) => {
    if (key === 'traceId') return [key, 'TRACE']
    if (key.endsWith('Ms')) return [key, 'MS']
    if (typeof member !== 'number' || !isTime(member)) return [key, withoutTimes(member)]
    return [key, base === undefined ? 'TIME' : `DAY ${Math.floor((member - base) / DAY_MS)}`]
  })
  return Object.fromEntries(entries)
}

/** Does the same for a line of the console. */
export const lineWithoutTimes = (line: string): string =>
  line
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME')
    .replace(/\b\d{13}\b/g, 'TIME')
    .replace(/Ms: \d+/g, 'Ms: MS')
    .replace(/"traceId":"[^"]*"/g, '"traceId":"TRACE"')
