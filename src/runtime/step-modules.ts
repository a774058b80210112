import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { isDeepStrictEqual } from 'node:util'
import { type BuildContext, type BuildFailure, context } from 'esbuild'

/** What a step file exports. */
export interface StepModule {
  config: unknown
  handler: (...input: unknown[]) => unknown
}

/** The outcome of a rebuild: the files whose code changed, directly or through an import. */
export interface Rebuild {
  changed: string[]
  /** What did not compile or could not be imported, ready to be printed; those files keep their last good version. */
  errors: string[]
}

/**
 * The project's step files as modules of this process. esbuild bundles them together, so that they share one instance of
 * every module they import, into files named by their content: an import after a change gets what changed, and the very
 * same modules for what did not.
 */
export class StepModules {
  readonly #root: string
  readonly #shared: string[]
  #stepFiles: string[] = []
  #context: BuildContext | undefined
  readonly #loaded = new Map<string, { output: string; module: unknown }>()

  private constructor(root: string, shared: string[]) {
    this.#root = root
    this.#shared = shared
  }

  /**
   * Compiles and imports step files, and modules that the server shares with them, by their absolute paths; throws what the
   * first of them throws.
   */
  static async load(root: string, stepFiles: string[], shared: string[] = []): Promise<StepModules> {
    const modules = new StepModules(root, shared)
    const { errors } = await modules.rebuild(stepFiles)
    if (errors.length > 0) {
      await modules.close()
      throw new Error(errors.join('\n'))
    }
    return modules
  }

  /** The current version of a step file; undefined for a file that was not among those loaded. */
  step(file: string): StepModule | undefined {
    // What a step file exports is Motia's contract; the loader checked that `config` and `handler` are there.
    return this.#loaded.get(file)?.module as StepModule | undefined
  }

  /** The current version of any loaded file. `T` is the type of its module: `typeof import('…')`. */
  module<T>(file: string): T {
    const loaded = this.#loaded.get(resolve(this.#root, file))
    if (!loaded) throw new Error(`${file} is not among the loaded modules`)
    // Only the caller, who names the file, knows what it exports.
    return loaded.module as T
  }

  /** Compiles again, these step files from now on, and imports what changed. */
  async rebuild(stepFiles: string[] = this.#stepFiles): Promise<Rebuild> {
    const compiler = await this.#compilerFor(stepFiles)
    const outputs = await this.#build(compiler)
    if ('errors' in outputs) return { changed: [], errors: outputs.errors }
    const result: Rebuild = { changed: [], errors: [] }
    for (const [file, output] of outputs.byFile) {
      if (this.#loaded.get(file)?.output === output) continue
      try {
        const module: unknown = await import(pathToFileURL(output).href)
        this.#loaded.set(file, { output, module })
        result.changed.push(file)
      } catch (error) {
        const detail = error instanceof Error ? error.stack : String(error)
        result.errors.push(`${relative(this.#root, file)} could not be imported: ${detail}`)
      }
    }
    return result
  }

  /** Ends the compiler. */
  async close(): Promise<void> {
    await this.#context?.dispose()
  }

  /** A compiler has its entry points for life: other files need another one. */
  async #compilerFor(stepFiles: string[]): Promise<BuildContext> {
    if (this.#context && isDeepStrictEqual(stepFiles, this.#stepFiles)) return this.#context
    await this.#context?.dispose()
    this.#stepFiles = stepFiles
    const files = [...stepFiles, ...this.#shared]
    for (const file of this.#loaded.keys()) if (!files.includes(file)) this.#loaded.delete(file)
    this.#context = await context({
      absWorkingDir: this.#root,
      entryPoints: files,
      outbase: this.#root,
      outdir: join(this.#root, '.motia', 'in-process'),
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
    })
    return this.#context
  }

  async #build(compiler: BuildContext): Promise<{ byFile: Map<string, string> } | { errors: string[] }> {
    try {
      const { outputFiles = [], metafile } = await compiler.rebuild()
      for (const { path, contents } of outputFiles) writeOnce(path, contents)
      const byFile = new Map<string, string>()
      for (const [output, { entryPoint }] of Object.entries(metafile?.outputs ?? {})) {
        if (entryPoint) byFile.set(resolve(this.#root, entryPoint), resolve(this.#root, output))
      }
      return { byFile }
    } catch (error) {
      if (!isBuildFailure(error)) throw error
      const lines = error.errors.map(({ text, location }) =>
        location ? `${location.file}:${location.line}:${location.column + 1}: ${text}` : text,
      )
      return { errors: lines }
    }
  }
}

const isBuildFailure = (error: unknown): error is BuildFailure => error instanceof Error && 'errors' in error

/** The name is the content's hash, so a file that exists is right; the rename keeps another server from importing half. */
const writeOnce = (path: string, contents: Uint8Array): void => {
  if (existsSync(path)) return
  mkdirSync(join(path, '..'), { recursive: true })
  const temporary = `${path}.${process.pid}.tmp`
  writeFileSync(temporary, contents)
  renameSync(temporary, path)
}
