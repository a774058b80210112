// Bundles the sources into dist/, so that a server starts without compiling them and its hot paths run as written.
import { existsSync, mkdirSync, readdirSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

const root = import.meta.dirname
const sources = join(root, 'src')
const entries = ['cli', 'index']
const output = join(root, 'dist', 'cli.js')

const newestSource = () =>
  readdirSync(sources, { recursive: true }).reduce(
    (newest, name) => Math.max(newest, statSync(join(sources, name)).mtimeMs),
    0,
  )

const isStale = () => existsSync(sources) && (!existsSync(output) || statSync(output).mtimeMs < newestSource())

if (isStale()) {
  const { build } = await import('esbuild')
  const { outputFiles } = await build({
    entryPoints: entries.map((name) => join(sources, `${name}.ts`)),
    outdir: dirname(output),
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    packages: 'external',
    sourcemap: true,
    write: false,
    logLevel: 'warning',
  })
  mkdirSync(dirname(output), { recursive: true })
  // Another server may be reading: each file is replaced at once, and the entries, which name the others, come last.
  const isEntry = ({ path }) => entries.some((name) => path === join(dirname(output), `${name}.js`))
  for (const { path, contents } of [...outputFiles].sort((a, b) => isEntry(a) - isEntry(b))) {
    writeFileSync(`${path}.${process.pid}.tmp`, contents)
    renameSync(`${path}.${process.pid}.tmp`, path)
  }
}
