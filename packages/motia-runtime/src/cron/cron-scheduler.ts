import type { CronConfig, Step } from 'motia'
import { errorMessage } from '../errors'
import type { CronLeases, CronRun } from './cron-leases'
import { type CronSchedule, parseCron } from './cron-schedule'

/** How often to check the clock at least, in ms: somebody may set it, and the machine may sleep. */
const LOOK_INTERVAL_MS = 5_000

/** How far the clock must go back to count as set back, in ms: more than routine corrections of a time service. */
const SET_BACK_MS = 1_000

/** How often a server checks whether another server has ended its run or died, in ms. */
const FOLLOW_INTERVAL_MS = 1_000

/** What the scheduler needs. */
export interface CronSchedulerOptions {
  leases: CronLeases
  /** Runs the step, and logs its errors. */
  run: (step: Step<CronConfig>) => Promise<void>
  /** Returns epoch ms. */
  now?: () => number
}

interface Job {
  step: Step<CronConfig>
  schedule: CronSchedule
  /** The next tick, epoch ms. */
  next: number | null
  lookedAt: number
  timer: NodeJS.Timeout | undefined
  /** Set while this server runs a tick of the step, or waits for another server to end its run. */
  busy: Promise<void> | undefined
  isRemoved: boolean
}

/**
 * Runs cron steps in this process. Each tick runs once, on one of the servers that share the leases. If that server
 * dies, another one runs the tick again. A late tick still runs. If ticks were missed while no server was up, the last
 * one runs at the start.
 */
export class CronScheduler {
  readonly #leases: CronLeases
  readonly #run: CronSchedulerOptions['run']
  readonly #now: () => number
  readonly #jobs = new Map<string, Job>()
  #isClosed = false

  constructor({ leases, run, now = Date.now }: CronSchedulerOptions) {
    this.#leases = leases
    this.#run = run
    this.#now = now
  }

  /** Schedules the step. Throws an error that contains the cron expression if the expression is invalid. */
  createCronJob(step: Step<CronConfig>): void {
    const schedule = parseCron(step.config.cron)
    this.removeCronJob(step)
    const now = this.#now()
    const job: Job = {
      step,
      schedule,
      next: schedule.next(now),
      lookedAt: now,
      timer: undefined,
      busy: undefined,
      isRemoved: false,
    }
    this.#jobs.set(step.filePath, job)
    this.#arm(job)
  }

  /** Unschedules the step. A current run continues to its end. */
  removeCronJob({ filePath }: Pick<Step, 'filePath'>): void {
    const job = this.#jobs.get(filePath)
    if (!job) return
    job.isRemoved = true
    clearTimeout(job.timer)
    this.#jobs.delete(filePath)
  }

  /** Runs the last missed tick of each step, if the step has run before. */
  async makeUp(): Promise<void> {
    for (const job of this.#jobs.values()) {
      const { name } = job.step.config
      const done = await this.#leases.lastTick(name).catch(() => null)
      const last = job.schedule.last(this.#now())
      if (done === null || last === null || last <= done || job.isRemoved) continue
      console.info(`Step ${name} missed its run of ${new Date(last).toISOString()}: it runs now`)
      this.#begin(job, last)
    }
  }

  /** Unschedules every step, and waits for the current runs to end. */
  async close(): Promise<void> {
    this.#isClosed = true
    const jobs = [...this.#jobs.values()]
    for (const { step } of jobs) this.removeCronJob(step)
    await Promise.all(jobs.map(({ busy }) => busy))
  }

  #arm(job: Job): void {
    if (job.next === null) return
    const delay = Math.min(Math.max(job.next - this.#now(), 0), LOOK_INTERVAL_MS)
    job.timer = setTimeout(() => this.#look(job), delay).unref()
  }

  #look(job: Job): void {
    const now = this.#now()
    if (job.lookedAt - now > SET_BACK_MS) job.next = job.schedule.next(now)
    job.lookedAt = now
    if (job.next !== null && now >= job.next) {
      // After a long pause, run only the last missed tick.
      const tick = job.schedule.last(now) ?? job.next
      job.next = job.schedule.next(now)
      this.#begin(job, tick)
    }
    this.#arm(job)
  }

  #begin(job: Job, tick: number): void {
    // The last run takes longer than the interval: skip this tick.
    if (job.busy) return
    job.busy = this.#take(job, tick).finally(() => {
      job.busy = undefined
    })
  }

  /** Runs the tick unless another server does. If that server dies before the end, runs the tick here. */
  async #take(job: Job, tick: number): Promise<void> {
    const { name } = job.step.config
    let hasFailed = false
    const wait = (error: unknown) => {
      if (!hasFailed)
        console.warn(`Step ${name} is due but waits, because its lease cannot be taken (${errorMessage(error)})`)
      hasFailed = true
      return 'held' as const
    }
    for (let isFirst = true; ; isFirst = false) {
      const lease = await this.#leases.begin(name, tick).catch(wait)
      if (lease === 'done' || this.#isClosed || job.isRemoved) {
        if (typeof lease !== 'string') await lease.release()
        return
      }
      if (lease !== 'held') {
        if (!isFirst && !hasFailed)
          console.info(
            `Step ${name} runs here, because the server that ran it has stopped or took longer than the interval`,
          )
        return this.#runAndEnd(job, lease)
      }
      await new Promise((resolve) => setTimeout(resolve, FOLLOW_INTERVAL_MS).unref())
    }
  }

  async #runAndEnd(job: Job, lease: CronRun): Promise<void> {
    try {
      await this.#run(job.step)
    } catch {
      // The runner has logged the error. A tick runs once, whatever its outcome.
    }
    await lease
      .end()
      .catch((error) => console.error(`Cannot record the end of a run of ${job.step.config.name}:`, error))
  }
}
