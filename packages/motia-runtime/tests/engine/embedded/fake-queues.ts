import type { QueueInspector, QueueJob } from '../../../src/engine/embedded/inspector'
import type { JobState } from '../../../src/engine/embedded/message'
import type { DeadLetter } from '../../../src/engine/engine'

/** The queue of all jobs of a `FakeQueues`. */
export const QUEUE = 'pet.created.Greeter'

const event = { topic: 'pet.created', data: { petId: '1' }, traceId: 'T1', flows: ['pets'] }

/** Returns a job in a state, with the fields that a job in that state has. */
export const buildJob = (id: string, state: JobState): QueueJob => ({
  ...{ id, state, event, addedAt: 1_000, attempts: 0, maxAttempts: 4 },
  ...(state === 'delayed' ? { dueAt: 61_000 } : {}),
  ...(state === 'active' ? { startedAt: 2_000, attempts: 1 } : {}),
  ...(state === 'completed' ? { startedAt: 2_000, finishedAt: 3_000, attempts: 1 } : {}),
  ...(state === 'failed' ? { startedAt: 2_000, finishedAt: 3_000, attempts: 4, reason: 'no food' } : {}),
})

export const buildLetter = (id: string, queue = QUEUE): DeadLetter => ({
  ...{ id, queue, event, reason: 'no food', failedAt: 3_000, attempts: 4 },
})

/** One queue whose jobs the test chooses. It executes the calls that it gets, and records them. */
export class FakeQueues implements QueueInspector {
  jobList: QueueJob[] = []
  letters: DeadLetter[] = []
  isPaused = false
  readonly calls: unknown[][] = []

  queues() {
    const count = (state: JobState) => this.jobs(QUEUE, state).length
    return [
      {
        ...{ name: QUEUE, isPaused: this.isPaused, waiting: count('waiting'), active: count('active') },
        ...{ delayed: count('delayed'), completed: count('completed'), failed: count('failed') },
      },
    ]
  }

  jobs(queue: string, state: JobState) {
    return queue === QUEUE ? this.jobList.filter((job) => job.state === state) : []
  }

  job(queue: string, id: string) {
    return (queue === QUEUE && this.jobList.find((job) => job.id === id)) || null
  }

  pause(queue: string) {
    this.isPaused = queue === QUEUE
    return this.isPaused
  }

  resume(queue: string) {
    this.isPaused = this.isPaused && queue !== QUEUE
    return queue === QUEUE
  }

  clean(queue: string, state: JobState, graceMs: number, limit: number) {
    this.calls.push(['clean', queue, state, graceMs, limit])
    return this.jobs(queue, state).map(({ id }) => id)
  }

  drain(queue: string) {
    this.calls.push(['drain', queue])
    return queue === QUEUE
  }

  retry(queue: string, id: string) {
    return this.#change('retry', queue, id, ['failed', 'completed'])
  }

  remove(queue: string, id: string) {
    return this.#change('remove', queue, id, ['waiting', 'delayed', 'failed', 'completed'])
  }

  promote(queue: string, id: string) {
    return this.#change('promote', queue, id, ['delayed'])
  }

  #change(what: string, queue: string, id: string, states: JobState[]) {
    this.calls.push([what, queue, id])
    const job = this.job(queue, id)
    return job !== null && states.includes(job.state)
  }

  readonly deadLetters = {
    list: async () => this.letters,
    counts: async () => new Map(this.letters.map(({ queue }) => [queue, this.#countIn(queue)])),
    retry: async (id: string) => this.#take('retry letter', id),
    discard: async (id: string) => this.#take('discard letter', id),
  }

  #countIn(name: string) {
    return this.letters.filter(({ queue }) => queue === name).length
  }

  #take(what: string, id: string) {
    this.calls.push([what, id])
    const before = this.letters.length
    this.letters = this.letters.filter((letter) => letter.id !== id)
    return this.letters.length < before
  }
}
