import { relative, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { importProblem } from './import-problem'
import { StepCompiler } from './step-compiler'

type Handler = (...input: unknown[]) => unknown

/** The exports of a step's file. */
export interface StepModule {
  config: unknown
  handler: Handler
}

/** The outcome of a rebuild. */
export interface Rebuild {
  /** False if a file does not compile. Then no file changed. */
  isCompiled: boolean
  /** The files whose code changed, directly or by an import. `adopt` puts their new versions into service. */
  changed: string[]
  /**
   * The problems of compiling and importing, each with the files (relative paths) that keep their old version because
   * of it.
   */
  problems: Map<string, string[]>
}

/** Returns a line for each problem, with the files that cannot be imported because of it. */
export const problemLines = (problems: Map<string, string[]>): string[] =>
  [...problems].map(([problem, importers]) => {
    const others = importers.filter((file) => !problem.startsWith(`${file}:`))
    if (others.length === 0) return problem
    const shown = others.length > 3 ? [...others.slice(0, 2), `${others.length - 2} more`] : others
    return `${problem} (imported by ${new Intl.ListFormat('en').format(shown)})`
  })

/** A file's compiled code, identified by the name of the output, and its exports. */
interface Version {
  output: string
  module: unknown
  step: StepModule | undefined
}

/**
 * The project's files as modules of this process. They share one instance of every module they import. After a change,
 * only changed modules are new. A new version of a file waits until `adopt`, so that one with an invalid config never
 * runs.
 */
export class StepModules {
  readonly #compiler: StepCompiler
  readonly #inService = new Map<string, Version>()
  readonly #waiting = new Map<string, Version>()

  /** `root` is the project's folder, absolute. */
  constructor(private readonly root: string) {
    this.#compiler = new StepCompiler(root)
    // For stacks, and the places of failed imports, with lines of the source.
    process.setSourceMapsEnabled(true)
  }

  /** Returns the version of a step file in service; undefined if the file is not loaded, or exports no handler. */
  step(file: string): StepModule | undefined {
    return this.#inService.get(file)?.step
  }

  /** Returns the version of any loaded file that is in service. `T` is the type of its module: `typeof import('…')`. */
  module<T>(file: string): T {
    const version = this.#inService.get(resolve(this.root, file))
    if (!version) throw new Error(`${file} is not among the loaded modules`)
    // Only the caller knows what the file exports.
    return version.module as T
  }

  /** Returns the exports of a file's newest version; undefined if none could be imported. */
  newest(file: string): unknown {
    return (this.#waiting.get(file) ?? this.#inService.get(file))?.module
  }

  /** Puts the waiting version of a file into service, if there is one. */
  adopt(file: string): void {
    const version = this.#waiting.get(file)
    if (!version) return
    this.#inService.set(file, version)
    this.#waiting.delete(file)
  }

  /** Compiles these files (absolute), forgets all others, and imports what changed. */
  async rebuild(files: string[]): Promise<Rebuild> {
    for (const versions of [this.#inService, this.#waiting]) {
      for (const file of versions.keys()) if (!files.includes(file)) versions.delete(file)
    }
    const compiled = await this.#compiler.compile(files)
    if ('errors' in compiled) {
      return { isCompiled: false, changed: [], problems: new Map(compiled.errors.map((error) => [error, []])) }
    }
    const changed: string[] = []
    const problems = new Map<string, string[]>()
    for (const [file, output] of compiled.outputs) {
      this.#waiting.delete(file)
      if (this.#inService.get(file)?.output === output) continue
      try {
        const module: unknown = await import(pathToFileURL(output).href)
        this.#waiting.set(file, { output, module, step: stepModuleOf(module) })
        changed.push(file)
      } catch (error) {
        const problem = importProblem(error, this.root, file, compiled.metafile)
        problems.set(problem, [...(problems.get(problem) ?? []), relative(this.root, file)])
      }
    }
    return { isCompiled: true, changed, problems }
  }

  /** Ends the compiler. */
  async close(): Promise<void> {
    await this.#compiler.close()
  }
}

const stepModuleOf = (module: unknown): StepModule | undefined => {
  const { config, handler } = exportsOf(module)
  return isHandler(handler) ? { config, handler } : undefined
}

const isHandler = (value: unknown): value is Handler => typeof value === 'function'

/** Returns the `config` and `handler` of a file's module: exported by name or, as CommonJS does, in one object. */
export const exportsOf = (module: unknown): { config: unknown; handler: unknown } => {
  const byDefault = property(module, 'default')
  const [config, handler] = ['config', 'handler'].map((name) => property(module, name) ?? property(byDefault, name))
  return { config, handler }
}

const property = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
