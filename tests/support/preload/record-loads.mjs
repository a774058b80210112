// Preloaded into a server (node --import): each module that it loads, and each program that it starts, is appended to the
// file that LOADS_LOG names, one line each.
import childProcess from 'node:child_process'
import { appendFileSync } from 'node:fs'
import module, { syncBuiltinESMExports } from 'node:module'

const note = (kind, what) => appendFileSync(process.env.LOADS_LOG, `${kind} ${what}\n`)

// ES modules: these hooks run in a thread of their own.
const hooks = `
import { appendFileSync } from 'node:fs'
export const load = (url, context, nextLoad) => {
  appendFileSync(process.env.LOADS_LOG, 'module ' + url + '\\n')
  return nextLoad(url, context)
}`
module.register(`data:text/javascript,${encodeURIComponent(hooks)}`)

// CommonJS modules.
const { _resolveFilename } = module
module._resolveFilename = (...args) => {
  const file = Reflect.apply(_resolveFilename, module, args)
  note('module', file)
  return file
}

for (const name of ['spawn', 'spawnSync', 'fork', 'exec', 'execSync', 'execFile', 'execFileSync']) {
  const start = childProcess[name]
  childProcess[name] = (command, ...rest) => {
    note('program', command)
    return start(command, ...rest)
  }
}
syncBuiltinESMExports()
