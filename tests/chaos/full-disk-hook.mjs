// Loaded into a server by --import: while the file FULL_DISK_FLAG exists, no file grows. For who may not mount a small disk.
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'

const isFull = () => fs.existsSync(process.env.FULL_DISK_FLAG ?? '')

const { writeSync, appendFileSync } = fs

const unlessFull =
  (write) =>
  (file, ...args) => {
    // Standard output and error are elsewhere.
    if (file > 2 && isFull()) throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' })
    return write(file, ...args)
  }
fs.writeSync = unlessFull(writeSync)
fs.appendFileSync = unlessFull(appendFileSync)
syncBuiltinESMExports()
