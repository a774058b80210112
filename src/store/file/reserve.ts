import { dirname } from 'node:path'
import { type FileCalls, writeAll } from 'motia-runtime'

/** How much is set aside for a full disk, in bytes: enough to write some thousand small changes down. */
const RESERVED_BYTES = 1024 * 1024

/**
 * A file that only takes up space. On a full disk it is removed, so that pets can still be deleted and the events that they owe
 * removed. It is made again, and new pets are taken again, once there is room for twice its size.
 */
export class Reserve {
  constructor(
    private readonly path: string,
    private readonly calls: FileCalls,
  ) {}

  /** Makes the reserve if it is missing. Returns false if there is no room for it: then the room is for what cannot wait. */
  keep(): boolean {
    if (this.calls.lstatSync(this.path, { throwIfNoEntry: false })) return true
    let free: number
    try {
      const { bavail, bsize } = this.calls.statfsSync(dirname(this.path))
      free = bavail * bsize
    } catch {
      // A disk that does not say how full it is: the writes themselves will tell.
      return true
    }
    return free >= 2 * RESERVED_BYTES && this.#make()
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
