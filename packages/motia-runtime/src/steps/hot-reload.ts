import { relative, sep } from 'node:path'
import { watch } from 'chokidar'
import { looseTopics } from './loose-topics'
import { checkFiles, type Project } from './project'
import { definitionsInService, putIntoService, remove, type Service } from './put-into-service'
import { findProjectFiles, isHidden, STEP_FOLDERS } from './step-files'
import { problemLines } from './step-modules'
import { allSteps } from './step-registry'
import { sayWatchTrouble } from './watch-trouble'

/** How long saves are collected before they are compiled, in ms: an editor writes a file in several steps. */
const SETTLE_MS = 60

/** Files that can change a step: code, and JSON that code imports. */
const SOURCE_FILE = /\.([cm]?[jt]sx?|json|py|rb)$/

/** What hot reload needs: the project as it was loaded, and the server. */
export interface HotReloadOptions extends Service, Pick<Project, 'modules' | 'shared' | 'warnings'> {
  root: string
  /** Called after a reload with the files (absolute) that have a new version in service or were removed. */
  onReload?: (files: string[]) => void | Promise<void>
}

/**
 * Watches `steps/` and `src/` and puts saved changes into service. Steps that import a changed file, directly or
 * indirectly, run the new code from the next call. Changed configs are registered again, and new or removed files add
 * or remove steps and streams. If a file does not compile, throws on import, or has an invalid config, its last good
 * version stays in service. Returns a function that stops watching.
 */
export const watchSteps = (options: HotReloadOptions): (() => Promise<void>) => {
  const { root } = options
  const reload = reloader(options)
  let timer: NodeJS.Timeout | undefined
  let reloading = Promise.resolve()
  const reloadSoon = () => {
    clearTimeout(timer)
    timer = setTimeout(() => {
      reloading = reloading.then(reload).catch((error) => console.error('Reload failed:', error))
    }, SETTLE_MS)
  }
  const watcher = watch(root, { ignoreInitial: true, ignored: (path) => !isWatched(relative(root, path)) })
    .on('all', (_event, path) => SOURCE_FILE.test(path) && reloadSoon())
    // A file that was saved after compilation and before the watch began causes no event.
    .on('ready', reloadSoon)
    .on('error', (error) => sayWatchTrouble(root, error))
  return async () => {
    clearTimeout(timer)
    await watcher.close()
    await reloading
  }
}

const isWatched = (path: string): boolean => {
  const [folder = '', ...rest] = path.split(sep)
  return path === '' || (STEP_FOLDERS.includes(folder) && !rest.some(isHidden))
}

const reloader = (options: HotReloadOptions): (() => Promise<void>) => {
  const { root, modules, shared, onReload } = options
  let warned = options.warnings
  return async () => {
    const files = findProjectFiles(root)
    const present = [...files.steps, ...files.streams]
    const { changed, problems } = await modules.rebuild([...present, ...shared])

    const gone = definitionsInService(options).filter(({ filePath }) => !present.includes(filePath))
    for (const definition of gone) {
      remove(options, definition)
      console.log(`- ${relative(root, definition.filePath)}`)
    }
    const inService = definitionsInService(options)
    const exported = new Map(changed.map((file) => [file, modules.newest(file)]))
    const check = checkFiles(root, files, exported, inService)
    const lines = [...problemLines(problems), ...check.problems]
    for (const line of lines) console.error(`✗ ${line}`)
    if (lines.length > 0) console.error('The last good version stays in service')

    const accepted = check.accepted.map(({ filePath }) => filePath)
    const adopted = [...accepted, ...changed.filter((file) => shared.includes(file))]
    for (const file of adopted) modules.adopt(file)
    putIntoService(options, check.accepted)
    for (const file of accepted) {
      const isKnown = inService.some(({ filePath }) => filePath === file)
      console.log(`${isKnown ? '↻' : '+'} ${relative(root, file)}`)
    }
    const warnings = [...files.warnings, ...looseTopics(root, allSteps(options.lockedData))]
    for (const warning of warnings) if (!warned.includes(warning)) console.warn(`⚠ ${warning}`)
    warned = warnings
    const reloaded = [...adopted, ...gone.map(({ filePath }) => filePath)]
    if (reloaded.length > 0) await onReload?.(reloaded)
  }
}
