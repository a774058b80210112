import { dirname } from 'node:path'
import { type FileCalls, writeAll } from './file-calls'

/** The size of the reserve, in bytes: enough for about a thousand small writes. */
const RESERVED_BYTES = 1024 * 1024

/**
 * A file that only takes up space. If the disk is full, releasing it leaves room for urgent writes. It is created again
 * once there is room for twice its size.
 */
export class Reserve {
  constructor(
    private readonly path: string,
    private readonly calls: FileCalls,
  ) {}

  /** Creates the reserve if it is missing. Returns false if there is no room for it. */
  keep(): boolean {
    if (this.calls.lstatSync(this.path, { throwIfNoEntry: false })) return true
    try {
      const { bavail, bsize } = this.calls.statfsSync(dirname(this.path))
      if (bavail * bsize < 2 * RESERVED_BYTES) return false
    } catch {
      // The file system does not report free space: writes will show whether there is any.
      return true
    }
    return this.#make()
  }

  /** Removes the reserve. */
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
