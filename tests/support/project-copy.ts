import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { ROOT } from './server'
import { makeTempDir } from './temp-dir'

/** What a server and the Workbench need of the project. */
const PARTS = [
  ...['steps', 'src', 'packages', 'tutorial', 'script', 'motia.config.ts', 'motia-workbench.json', 'types.d.ts'],
  ...['package.json', 'package-lock.json', 'tsconfig.json'],
]

/** A copy of this project, whose files a test may change. */
export interface ProjectCopy {
  root: string
  /** Replaces a text in a file; throws if the file does not contain it. */
  edit(file: string, text: string | RegExp, replacement: string): void
  /** Writes a whole file. Returns its previous content, or undefined. */
  write(file: string, text: string): string | undefined
}

/**
 * Copies the project into a folder that is removed after the test file. The npm packages are the real ones, in a folder of
 * the copy's own, so that caches which tools keep in there are not shared.
 */
export const copyProject = (): ProjectCopy => {
  const root = makeTempDir('pet-store-copy-')
  for (const part of PARTS) {
    // With its times, or each server would build the runtime again.
    if (existsSync(join(ROOT, part)))
      cpSync(join(ROOT, part), join(root, part), { recursive: true, preserveTimestamps: true })
  }
  linkPackages(join(ROOT, 'node_modules'), join(root, 'node_modules'))
  // As npm leaves it after it has installed the packages of the lock file.
  writeFileSync(join(root, 'node_modules', '.package-lock.json'), '{}')
  return {
    root,
    edit: (file, text, replacement) => {
      const path = join(root, file)
      const before = readFileSync(path, 'utf8')
      const after = before.replace(text, replacement)
      if (after === before) throw new Error(`${file} does not contain ${text}`)
      writeFileSync(path, after)
    },
    write: (file, text) => {
      const path = join(root, file)
      mkdirSync(join(path, '..'), { recursive: true })
      const before = existsSync(path) ? readFileSync(path, 'utf8') : undefined
      writeFileSync(path, text)
      return before
    },
  }
}

/**
 * Links the npm packages of a project into a folder of another one, which must have its own `packages/motia-runtime`: from
 * any other place the runtime would find the Workbench of that place.
 */
export const linkPackages = (from: string, to: string): void => {
  mkdirSync(to, { recursive: true })
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const { name } = entry
    const [source, target] = [join(from, name), join(to, name)]
    const isCache = name.startsWith('.') && name !== '.bin'
    if (isCache) continue
    // The runtime and the commands are links to places relative to them.
    if (entry.isSymbolicLink()) symlinkSync(readlinkSync(source), target)
    else if (name === '@motiadev' || name === '.bin') linkPackages(source, target)
    else if (name === 'workbench') copyWorkbench(source, target)
    else symlinkSync(source, target)
  }
}

/** Vite keeps what it compiles for the Workbench inside of that package, and begins again for each project that uses it. */
const copyWorkbench = (from: string, to: string): void => {
  const packages = join(from, 'node_modules')
  if (existsSync(packages)) linkPackages(packages, join(to, 'node_modules'))
  cpSync(from, to, { recursive: true, filter: (path) => path !== packages })
}
