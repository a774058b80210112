import { relative } from 'node:path'
import { watch } from 'chokidar'
import { isApiStep, isCronStep, isEventStep, type LockedData, type MotiaServer, type Step } from 'motia'
import { describeDouble, findStepFiles, readStep } from './project-steps'
import type { StepModules } from './step-modules'

/** How long saves are collected before they are compiled, in ms: an editor writes a file in several steps. */
const SETTLE_MS = 60

/** What a reload changes the server through. */
export interface HotReloadOptions {
  root: string
  modules: StepModules
  lockedData: LockedData
  server: Pick<MotiaServer, 'addRoute' | 'removeRoute' | 'cronManager' | 'motiaEventManager'>
}

/**
 * Watches `steps/` and `src/` and puts a saved change into service: the steps that import it, however far, run their new
 * code from the next call on, a changed config is registered anew, and files that come and go are steps that do. What does
 * not compile, or throws when imported, leaves the last good version in service. Answers the function that ends the watch.
 */
export const watchSteps = (options: HotReloadOptions): (() => Promise<void>) => {
  const { root, modules, lockedData } = options
  let timer: NodeJS.Timeout | undefined
  let reloading = Promise.resolve()
  const reload = async () => {
    const files = findStepFiles(root)
    const { changed, errors } = await modules.rebuild(files)
    for (const error of errors) console.error(`✗ ${error}`)
    if (errors.length > 0) console.error('The last good version stays in service')
    for (const step of lockedData.getActiveSteps().filter(({ filePath }) => !files.includes(filePath))) {
      removeStep(options, step)
      console.info(`- ${relative(root, step.filePath)}`)
    }
    const isActive = (file: string) => lockedData.getActiveSteps().some(({ filePath }) => filePath === file)
    const [known, added] = [files.filter(isActive), files.filter((file) => !isActive(file) && modules.step(file))]
    for (const file of [...known.filter((path) => changed.includes(path)), ...added]) {
      try {
        putIntoService(options, readStep(modules, file))
        console.info(`${known.includes(file) ? '↻' : '+'} ${relative(root, file)}`)
      } catch (error) {
        console.error(`✗ ${relative(root, file)}: ${error instanceof Error ? error.message : error}`)
      }
    }
  }
  const reloadSoon = () => {
    clearTimeout(timer)
    timer = setTimeout(() => {
      reloading = reloading.then(reload).catch((error) => console.error('Reload failed:', error))
    }, SETTLE_MS)
  }
  const watcher = watch(['steps', 'src'], { cwd: root, ignoreInitial: true })
    .on('all', (_event, path) => path.endsWith('.ts') && reloadSoon())
    // What was saved after the steps were compiled and before the watch began brings no event.
    .on('ready', reloadSoon)
  return async () => {
    clearTimeout(timer)
    await watcher.close()
    await reloading
  }
}

const putIntoService = (options: HotReloadOptions, step: Step): void => {
  const steps = options.lockedData.getActiveSteps()
  const double = describeDouble(options.root, step, steps)
  if (double) throw new Error(double)
  const old = steps.find(({ filePath }) => filePath === step.filePath)
  if (old) {
    replaceStep(options, old, step)
  } else {
    if (!options.lockedData.createStep(step)) throw new Error('its config is not valid')
    register(options, step)
  }
}

const removeStep = (options: HotReloadOptions, step: Step): void => {
  unregister(options, step)
  options.lockedData.deleteStep(step)
}

/** Registers the new config in place of the old where they differ; the handler is looked up anew at each call anyway. */
const replaceStep = (options: HotReloadOptions, old: Step, next: Step): void => {
  const { lockedData } = options
  if (JSON.stringify(old.config) === JSON.stringify(next.config)) return
  unregister(options, old)
  // Motia keeps the old object in its lists and moves the new config into it, so that object is what is registered again.
  if (!lockedData.updateStep({ ...old }, next)) return
  register(options, lockedData.getActiveSteps().find(({ filePath }) => filePath === next.filePath) ?? next)
}

const register = ({ server }: HotReloadOptions, step: Step): void => {
  if (isApiStep(step)) server.addRoute(step)
  if (isCronStep(step)) server.cronManager.createCronJob(step)
  if (isEventStep(step)) server.motiaEventManager.createHandler(step)
}

const unregister = ({ server }: HotReloadOptions, step: Step): void => {
  if (isApiStep(step)) server.removeRoute(step)
  if (isCronStep(step)) server.cronManager.removeCronJob(step)
  if (isEventStep(step)) server.motiaEventManager.removeHandler(step)
}
