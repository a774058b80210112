// Runs one step that fails outside its promise: step-scope-process.ts <case>. Prints the result of the step, and that the
// process continues.
import { setTimeout as sleep } from 'node:timers/promises'
import { containStepErrors, runInScope } from '../../src/steps/step-scope'

containStepErrors((error) => console.log(`foreign: ${error instanceof Error ? error.message : error}`))

const never = () => new Promise<never>(() => {})

const outside = (message: string) => {
  throw new Error(message)
}

const cases: Record<string, () => Promise<unknown>> = {
  'throws in a timer': () => {
    setTimeout(() => outside('in a timer'), 1)
    return never()
  },
  'throws in an immediate': () => {
    setImmediate(() => outside('in an immediate'))
    return never()
  },
  'throws in a microtask': () => {
    queueMicrotask(() => outside('in a microtask'))
    return never()
  },
  'throws in the next tick': () => {
    process.nextTick(() => outside('in the next tick'))
    return never()
  },
  'forgets a promise that rejects': () => {
    void sleep(1).then(() => outside('forgotten'))
    return never()
  },
  'forgets a promise that rejects with nothing': () => {
    void Promise.reject(undefined)
    return never()
  },
  'throws in a timer of a timer': () => {
    setTimeout(() => setTimeout(() => outside('deep'), 1), 1)
    return never()
  },
  'throws after it has ended': async () => {
    setTimeout(() => outside('too late'), 5)
    return 'the answer'
  },
}

const name = process.argv[2] ?? ''

if (name === 'something else throws') {
  setTimeout(() => outside('not of a step'), 1)
  void Promise.reject(new Error('not of a step either'))
  await sleep(50)
} else if (name === 'one of two throws') {
  const failing = runInScope('JsCreatePet', cases['throws in a timer'] ?? never)
  const other = runInScope('JsGetPet', () => sleep(20, 'the other answer'))
  for (const outcome of await Promise.allSettled([failing, other])) {
    console.log(outcome.status === 'fulfilled' ? `resolved: ${outcome.value}` : `rejected: ${outcome.reason.message}`)
  }
} else {
  await runInScope('JsCreatePet', cases[name] ?? never).then(
    (value) => console.log(`resolved: ${value}`),
    (error) => console.log(`rejected: ${error?.message}`),
  )
  await sleep(20)
}
console.log('goes on')
