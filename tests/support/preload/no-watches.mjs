// The system's limit of watched files is reached.
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'

fs.watch = (path) => {
  throw Object.assign(new Error(`ENOSPC: watch '${path}'`), { code: 'ENOSPC', syscall: 'watch', path })
}
syncBuiltinESMExports()
