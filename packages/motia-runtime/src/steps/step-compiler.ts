import { existsSync, mkdirSync, realpathSync, renameSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname, extname, join, relative, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { isDeepStrictEqual } from 'node:util'
import { type BuildContext, type BuildFailure, context, type Loader, type Metafile, type Plugin } from 'esbuild'

/** The output of each file, or the compile errors, one line each. */
export type Compiled = { outputs: Map<string, string>; metafile: Metafile | undefined } | { errors: string[] }

/**
 * Bundles files of a project with esbuild into files named by their content. They are bundled together, so that they
 * share one instance of every module they import.
 */
export class StepCompiler {
  #files: string[] = []
  #context: BuildContext | undefined

  constructor(private readonly root: string) {}

  /** Compiles these files (absolute). Returns the absolute output path of each, which changes with its content. */
  async compile(files: string[]): Promise<Compiled> {
    const compiler = await this.#compilerFor(files)
    try {
      const { outputFiles = [], metafile } = await compiler.rebuild()
      for (const { path, contents } of outputFiles) writeOnce(path, contents)
      return { outputs: this.#outputsOf(files, metafile), metafile }
    } catch (error) {
      if (!isBuildFailure(error)) throw error
      const lines = error.errors.map(({ text, location }) =>
        location ? `${location.file}:${location.line}:${location.column + 1}: ${text}` : text,
      )
      return { errors: lines }
    }
  }

  /** Ends the compiler. */
  async close(): Promise<void> {
    await this.#context?.dispose()
  }

  #outputsOf(files: string[], metafile: Metafile | undefined): Map<string, string> {
    // esbuild identifies an entry point by its real path.
    const byRealPath = new Map<string, string>()
    for (const [output, { entryPoint }] of Object.entries(metafile?.outputs ?? {})) {
      if (entryPoint) byRealPath.set(realPathOf(resolve(this.root, entryPoint)), resolve(this.root, output))
    }
    const outputs = new Map<string, string>()
    for (const file of files) {
      const output = byRealPath.get(realPathOf(file))
      if (output) outputs.set(file, output)
    }
    return outputs
  }

  /**
   * Returns a compiler for these files. The entry points of an esbuild context are fixed, so other files need a new
   * one.
   */
  async #compilerFor(files: string[]): Promise<BuildContext> {
    if (this.#context && isDeepStrictEqual(files, this.#files)) return this.#context
    await this.#context?.dispose()
    this.#files = files
    this.#context = await context({
      absWorkingDir: this.root,
      // In an absolute path, esbuild would treat a `*` in a folder's name as a pattern.
      entryPoints: files.map((file) => `./${relative(this.root, file)}`),
      outbase: this.root,
      outdir: join(this.root, '.motia', 'in-process'),
      // Node would read `.js` as CommonJS if the project's package.json says so.
      outExtension: { '.js': '.mjs' },
      bundle: true,
      splitting: true,
      format: 'esm',
      platform: 'node',
      target: 'node20',
      packages: 'external',
      sourcemap: 'inline',
      entryNames: '[dir]/[name]-[hash]',
      chunkNames: 'chunks/[name]-[hash]',
      metafile: true,
      write: false,
      logLevel: 'silent',
      plugins: [ownLocation],
      define: LOCATION_NAMES,
      // For CommonJS files: a module has no `require`.
      banner: {
        js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
      },
    })
    return this.#context
  }
}

/** Returns the real path of a file; its path if somebody has removed it meanwhile. */
const realPathOf = (path: string): string => {
  try {
    return realpathSync(path)
  } catch {
    return path
  }
}

const isBuildFailure = (error: unknown): error is BuildFailure => error instanceof Error && 'errors' in error

/** The names by which a module gets its location. In a bundle they must refer to the module's source. */
const LOCATION_NAMES = {
  'import.meta.url': '__moduleUrl',
  'import.meta.filename': '__moduleFile',
  'import.meta.dirname': '__moduleFolder',
  __filename: '__moduleFile',
  __dirname: '__moduleFolder',
}

const LOADERS: Record<string, Loader> = { '.js': 'js', '.cjs': 'js', '.mjs': 'js', '.jsx': 'jsx', '.tsx': 'tsx' }

/** Declares the `LOCATION_NAMES` in each module that uses them. */
const ownLocation: Plugin = {
  name: 'own-location',
  setup: (build) => {
    build.onLoad({ filter: /\.[cm]?[jt]sx?$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8')
      if (!/import\.meta|__filename|__dirname/.test(text)) return undefined
      const values = { __moduleUrl: pathToFileURL(path).href, __moduleFile: path, __moduleFolder: dirname(path) }
      const declarations = Object.entries(values).map(([name, value]) => `${name} = ${JSON.stringify(value)}`)
      // On the first line, so that the lines of the source keep their numbers.
      return { contents: `var ${declarations.join(', ')}; ${text}`, loader: LOADERS[extname(path)] ?? 'ts' }
    })
  },
}

/**
 * Writes a file whose name contains the content's hash, so an existing file is right. The rename keeps other servers
 * from reading half a file.
 */
const writeOnce = (path: string, contents: Uint8Array): void => {
  if (existsSync(path)) return
  mkdirSync(dirname(path), { recursive: true })
  const temporary = `${path}.${process.pid}.tmp`
  writeFileSync(temporary, contents)
  renameSync(temporary, path)
}
