import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'

/** Linux counts a process's time in hundredths of a second. */
const TICK_MS = 10

/** Returns the CPU time of a process so far, in ms. Unlike elapsed time, it does not depend on the load of other programs. */
export const cpuMs = (pid: number): number => {
  const file = `/proc/${pid}/stat`
  if (!existsSync(file)) return parseTime(ps(pid, 'cputime'))
  const fields = readFileSync(file, 'utf8').split(') ')[1]?.split(' ') ?? []
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS
}

/** Returns the memory of a process, in MB. */
export const memoryMb = (pid: number): number => Number(ps(pid, 'rss')) / 1024

const ps = (pid: number, column: string): string =>
  execFileSync('ps', ['-o', `${column}=`, '-p', String(pid)])
    .toString()
    .trim()

/** `[hours:]minutes:seconds.hundredths`, as BSD's ps prints it, in ms. */
const parseTime = (text: string): number => text.split(':').reduce((sum, part) => sum * 60 + Number(part), 0) * 1000
