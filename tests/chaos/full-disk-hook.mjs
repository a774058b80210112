// Loaded into a server by --import: while the file FULL_DISK_FLAG exists, the data file and the audit trail find no space
// on the disk. For who may not mount a small disk.
import fs from 'node:fs'
import fsPromises from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'

const failIfFull = () => {
  if (!fs.existsSync(process.env.FULL_DISK_FLAG ?? '')) return
  throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })
}

const { open } = fsPromises
fsPromises.open = async (...args) => {
  const handle = await open(...args)
  const writev = handle.writev.bind(handle)
  handle.writev = async (...parts) => {
    failIfFull()
    return writev(...parts)
  }
  return handle
}

const { appendFileSync } = fs
fs.appendFileSync = (...args) => {
  failIfFull()
  return appendFileSync(...args)
}

syncBuiltinESMExports()
