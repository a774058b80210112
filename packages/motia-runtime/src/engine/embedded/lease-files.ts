import { constants } from 'node:fs'
import { join } from 'node:path'
import { type CronLeases, type CronRun, FUTURE_TICK_MS } from '../../cron/cron-leases'
import { type FileCalls, isMissing, makeFolder, nodeFiles, syncFile, syncFolder } from '../../files/file-calls'

/**
 * Cron leases as files, one for each step. The process that runs a tick holds the kernel's lock on the file. The kernel
 * frees it at once if the process dies. The file contains the last tick that was run to its end.
 */
export class LeaseFiles implements CronLeases {
  constructor(
    private readonly folder: string,
    private readonly calls: FileCalls = nodeFiles,
  ) {}

  async begin(step: string, tick: number): Promise<CronRun | 'held' | 'done'> {
    const calls = this.calls
    makeFolder(calls, this.folder)
    const fd = calls.openSync(this.#pathOf(step), constants.O_RDWR | constants.O_CREAT)
    let isBegun = false
    try {
      if (!calls.tryLock(fd)) return 'held'
      if (isDone(calls, fd, tick)) return 'done'
      isBegun = true
    } finally {
      if (!isBegun) calls.closeSync(fd)
    }
    return {
      end: async () => {
        try {
          // In place, over an earlier tick with as many digits: a reader without the lock sees one or the other.
          calls.writeSync(fd, `${tick}\n`, 0)
          await syncFile(calls, fd, 'data')
          await syncFolder(calls, this.folder)
        } finally {
          calls.closeSync(fd)
        }
      },
      release: async () => calls.closeSync(fd),
    }
  }

  async lastTick(step: string): Promise<number | null> {
    try {
      return tickIn(this.calls.readFileSync(this.#pathOf(step), 'utf8'))
    } catch (error) {
      if (isMissing(error)) return null
      throw error
    }
  }

  #pathOf(step: string): string {
    return join(this.folder, `${encodeURIComponent(step)}.lease`)
  }
}

const isDone = (calls: FileCalls, fd: number, tick: number): boolean => {
  const text = calls.readFileSync(fd, 'utf8')
  const last = tickIn(text)
  // Over a longer text, the tick would be unreadable.
  if (last === null && text !== '') calls.ftruncateSync(fd)
  return last !== null && last >= tick && last <= Date.now() + FUTURE_TICK_MS
}

/** Returns the tick in a lease's file; null if none was run to its end, or if a power cut damaged the file. */
const tickIn = (text: string): number | null => (/^\d+\n$/.test(text) ? Number(text) : null)
