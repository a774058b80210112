import { relative } from 'node:path'
import type { Step } from 'motia'
import { conflictProblem, type Definition, findConflict, isStep, isStream } from './definitions'
import { looseTopics } from './loose-topics'
import { readStep, readStream } from './read-step'
import { findProjectFiles, type ProjectFiles } from './step-files'
import { problemLines, StepModules } from './step-modules'
import type { StreamFile } from './step-registry'

/** A project whose files are all valid, compiled and imported. */
export interface Project {
  modules: StepModules
  steps: Step[]
  streams: StreamFile[]
  /** Modules that the server uses together with the steps, absolute. */
  shared: string[]
  /** The files that were skipped, and the topics that only one side knows, one line each. */
  warnings: string[]
}

/**
 * Finds, compiles, imports and validates the steps and streams of a project. Also compiles and imports the `shared`
 * modules (absolute paths), which the server uses together with them. Throws an error with a line for each problem of
 * each file.
 */
export const loadProject = async (root: string, shared: string[] = []): Promise<Project> => {
  const files = findProjectFiles(root)
  const all = [...files.steps, ...files.streams, ...shared]
  const modules = new StepModules(root)
  const importProblems = new Map<string, string[]>()
  const exported = new Map<string, unknown>()
  const compile = async (paths: string[]): Promise<boolean> => {
    const { isCompiled, changed, problems } = await modules.rebuild(paths)
    for (const [problem, importers] of problems) {
      importProblems.set(problem, [...(importProblems.get(problem) ?? []), ...importers])
    }
    for (const file of changed) exported.set(file, modules.newest(file))
    return isCompiled
  }
  // If one file does not compile, esbuild compiles none. Then compile each alone to find the problems of the others.
  if (!(await compile(all))) for (const file of all) await compile([file])
  const { accepted, problems } = checkFiles(root, files, exported)
  if (importProblems.size > 0 || problems.length > 0) {
    await modules.close()
    throw new Error([...problemLines(importProblems), ...problems].join('\n✗ '))
  }
  for (const file of all) modules.adopt(file)
  const [steps, streams] = [accepted.filter(isStep), accepted.filter(isStream)]
  return { modules, steps, streams, shared, warnings: [...files.warnings, ...looseTopics(root, steps)] }
}

/** The outcome of a check of changed files. */
export interface Check {
  /** What can be put into service. */
  accepted: Definition[]
  /** What is wrong with the other changed files, one line each. */
  problems: string[]
}

/**
 * Validates changed files. `exported` contains their current exports. Rejects a definition that is invalid, or that
 * conflicts with another one that is accepted or stays in service.
 */
export const checkFiles = (
  root: string,
  files: Pick<ProjectFiles, 'steps' | 'streams'>,
  exported: Map<string, unknown>,
  inService: Definition[] = [],
): Check => {
  const problems: string[] = []
  const candidates = new Map<string, Definition>()
  const report = (file: string, problem: string) => problems.push(`${relative(root, file)}: ${problem}`)
  for (const [paths, read] of [[files.steps, readStep] as const, [files.streams, readStream] as const]) {
    for (const file of paths.filter((path) => exported.has(path))) {
      const result = read(file, exported.get(file))
      if ('defined' in result) candidates.set(file, result.defined)
      else for (const problem of result.problems) report(file, problem)
    }
  }
  const current = new Map(inService.map((definition) => [definition.filePath, definition]))
  for (;;) {
    const next = [...new Map([...current, ...candidates]).values()]
    const conflict = findConflict(next.sort((a, b) => (a.filePath < b.filePath ? -1 : 1)))
    if (!conflict) return { accepted: [...candidates.values()], problems }
    const loser = candidates.has(conflict.second) ? conflict.second : conflict.first
    if (!candidates.delete(loser))
      throw new Error(`Two files in service are in conflict: ${conflict.first}, ${conflict.second}`)
    report(loser, conflictProblem(root, conflict, loser))
  }
}
