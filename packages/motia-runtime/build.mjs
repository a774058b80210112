// Bundles the sources into dist/, so that a server starts without compiling them and its hot paths run as written.
import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'

const root = import.meta.dirname
const sources = join(root, 'src')
const output = join(root, 'dist', 'cli.js')

const newestSource = () =>
  readdirSync(sources, { recursive: true }).reduce(
    (newest, name) => Math.max(newest, statSync(join(sources, name)).mtimeMs),
    0,
  )

/** Builds dist/ if a source is newer. */
export const buildIfStale = async () => {
  if (existsSync(output) && (!existsSync(sources) || statSync(output).mtimeMs >= newestSource())) return
  await build({
    entryPoints: [join(sources, 'cli.ts'), join(sources, 'index.ts')],
    outdir: join(root, 'dist'),
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    packages: 'external',
    sourcemap: true,
    logLevel: 'warning',
  })
}

await buildIfStale()
