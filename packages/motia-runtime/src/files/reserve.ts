import { dirname } from 'node:path'
import { type FileCalls, writeAll } from './file-calls'

/** How much is set aside, in bytes: some thousand small writes. */
const RESERVED_BYTES = 1024 * 1024

/**
 * A file that only takes up space, for the day when the disk is full. Released, it leaves room for the writes that cannot wait.
 * It is made again once there is room for twice its size.
 */
export class Reserve {
  constructor(
    private readonly path: string,
    private readonly calls: FileCalls,
  ) {}

  /** Makes the reserve if it is missing. Returns false if there is no room for it. */
  keep(): boolean {
    if (this.calls.lstatSync(this.path, { throwIfNoEntry: false })) return true
    try {
      const { bavail, bsize } = this.calls.statfsSync(dirname(this.path))
      if (bavail * bsize < 2 * RESERVED_BYTES) return false
    } catch {
      // A disk that does not say how full it is: the writes themselves will tell.
      return true
    }
    return this.#make()
  }

  /** Gives the space back. */
  release(): void {
    this.calls.rmSync(this.path, { force: true })
  }

  #make(): boolean {
    const fd = this.calls.openSync(this.path, 'w', 0o600)
    try {
      writeAll(this.calls, fd, Buffer.alloc(RESERVED_BYTES))
      return true
    } catch {
      this.release()
      return false
    } finally {
      this.calls.closeSync(fd)
    }
  }
}
