import { AsyncLocalStorage } from 'node:async_hooks'

/** A run of a step. */
export interface Run {
  /** Undefined outside of any run. */
  traceId?: string
  /** The name of the API key of the request; undefined for a job, or if there are no keys. */
  caller?: string | undefined
}

/** The longest deadline, in ms: Node's timers fire at once if they are longer. */
const MAX_DEADLINE_MS = 2 ** 31 - 1

/** The scope of a run. `fail` handles errors that the step throws outside its promise. */
interface StepScope {
  run: Run
  fail: (error: unknown) => void
}

const scopes = new AsyncLocalStorage<StepScope>()

/** Returns the run of the step that calls this. */
export const currentRun = (): Run => scopes.getStore()?.run ?? {}

/**
 * Runs a step's code. Any error, in its promise or outside (a timer's callback, a forgotten promise), rejects this call
 * and nothing else. After the deadline, rejects with its error. The step's code may go on, since nothing can stop it,
 * but its result is ignored.
 */
export const runInScope = async <T>(
  step: string,
  run: () => Promise<T>,
  deadline?: { ms: number; error: () => Error },
  about: Run = {},
): Promise<T> =>
  new Promise<T>((resolve, reject) => {
    let timer: NodeJS.Timeout | undefined
    const settle = (outcome: () => void) => {
      clearTimeout(timer)
      scope.fail = (error) => console.error(`Step ${step} threw after it had ended:`, error)
      outcome()
    }
    const scope: StepScope = { run: about, fail: (error) => settle(() => reject(error)) }
    if (deadline) {
      timer = setTimeout(() => settle(() => reject(deadline.error())), Math.min(deadline.ms, MAX_DEADLINE_MS))
    }
    scopes.run(scope, async () => {
      try {
        const value = await run()
        settle(() => resolve(value))
      } catch (error) {
        settle(() => reject(error))
      }
    })
  })

/**
 * Makes errors that a step throws outside its promise end that step's run instead of the process. Passes other errors
 * to `onForeignError`.
 */
export const containStepErrors = (onForeignError: (error: unknown) => void): void => {
  const contain = (error: unknown) => {
    const scope = scopes.getStore()
    if (scope) scope.fail(error)
    else onForeignError(error)
  }
  // Node reports the error of a microtask after it has left the microtask's scope.
  const { queueMicrotask: queue } = globalThis
  globalThis.queueMicrotask = (callback) => {
    if (typeof callback !== 'function') return queue(callback)
    queue(() => {
      try {
        callback()
      } catch (error) {
        contain(error)
      }
    })
  }
  process.on('uncaughtException', contain)
  process.on('unhandledRejection', contain)
}
