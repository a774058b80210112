import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'

/** Linux counts CPU time in ticks of 1/100 s (`getconf CLK_TCK`). */
const TICK_MS = 10

/**
 * CPU time that a process and its ended children have used so far, in ms; null where there is no /proc. Unlike times on the
 * clock it hardly depends on what else the machine does.
 */
export const cpuTime = (pid: number): number | null => {
  const file = `/proc/${pid}/stat`
  if (!existsSync(file)) return null
  const stat = readFileSync(file, 'utf8')
  // The name in brackets may hold spaces; utime, stime, cutime and cstime are the fields 14 to 17.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return fields.slice(11, 15).reduce((total, ticks) => total + Number(ticks) * TICK_MS, 0)
}

/** Memory that a process occupies, in MB. */
export const residentMemory = (pid: number): number => {
  const file = `/proc/${pid}/status`
  const kilobytes = existsSync(file)
    ? /^VmRSS:\s+(\d+)/m.exec(readFileSync(file, 'utf8'))?.[1]
    : execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' })
  return Number(kilobytes) / 1024
}
