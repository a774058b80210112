import { randomUUID } from 'node:crypto'
import type { CronAdapter, CronLock, CronLockInfo } from 'motia'
import type { RunRelay } from './run-relay'

/** How long a tick of a cron step belongs to the instance that took it, in ms: shorter than the minute to the next one. */
const TICK_LOCK_MS = 30_000

/** Takes a lock for so many ms, over all instances; false where another has it. Rejects where that cannot be told. */
export type TryLock = (name: string, ms: number) => Promise<boolean>

/**
 * Motia's cron adapter: one instance runs each tick of a step. The lock is held for half a minute whatever happens, so that
 * instances whose clocks differ a little do not run the same tick twice, and a run that is killed does not block the next
 * one (Motia's own lock lives for five minutes). Where Redis is away the step runs all the same: a step that must not run
 * twice has to see to that itself, as the reapers do.
 */
export class CronTicks implements CronAdapter {
  readonly #tryLock: TryLock
  readonly #held = new Map<string, { lock: CronLock; release: () => void; released: Promise<void> }>()

  constructor(tryLock: TryLock) {
    this.#tryLock = tryLock
  }

  async acquireLock(jobName: string): Promise<CronLock | null> {
    const isOurs = await this.#tryLock(jobName, TICK_LOCK_MS).catch(() => true)
    return isOurs ? this.hold(jobName) : null
  }

  /** Notes that a run begins. */
  protected hold(jobName: string): CronLock {
    const now = Date.now()
    const lockId = randomUUID()
    const lock = { jobName, lockId, acquiredAt: now, expiresAt: now + TICK_LOCK_MS, instanceId: String(process.pid) }
    let release = () => {}
    const released = new Promise<void>((resolve) => {
      release = resolve
    })
    this.#held.set(lockId, { lock, release, released })
    return lock
  }

  /** Notes that the run has ended; the lock lives on until its time is over. */
  async releaseLock({ lockId }: CronLock): Promise<void> {
    this.#held.get(lockId)?.release()
    this.#held.delete(lockId)
  }

  async renewLock(): Promise<boolean> {
    return false
  }

  async isHealthy(): Promise<boolean> {
    return true
  }

  /** Lets the runs that are under way end. */
  async shutdown(): Promise<void> {
    await Promise.all([...this.#held.values()].map(({ released }) => released))
  }

  async getActiveLocks(): Promise<CronLockInfo[]> {
    return [...this.#held.values()].map(({ lock }) => lock)
  }
}

/**
 * Cron steps in this process. Motia has no branch for that: at each tick it asks its cron adapter for a lock, and where it
 * gets none it takes it that somebody else runs the step. Here that is so: this adapter runs the step and gives no lock.
 */
export class CronRuns extends CronTicks {
  readonly #run: (stepName: string) => Promise<void>
  readonly #relay: RunRelay | undefined

  /** `run` runs the step of that name, and logs what goes wrong. With a `relay`, it finishes what a killed instance began. */
  constructor(tryLock: TryLock, run: (stepName: string) => Promise<void>, relay?: RunRelay) {
    super(tryLock)
    this.#run = run
    this.#relay = relay
  }

  override async acquireLock(stepName: string): Promise<null> {
    const lock = await super.acquireLock(stepName)
    if (lock) void this.#runAndRelease(lock)
    else this.#relay?.follow(stepName, () => this.#takeOver(stepName))
    return null
  }

  override async shutdown(): Promise<void> {
    this.#relay?.stop()
    await super.shutdown()
  }

  #takeOver(stepName: string): void {
    console.warn(`Step ${stepName} goes on here: the instance that ran it is gone`)
    void this.#runAndRelease(this.hold(stepName))
  }

  async #runAndRelease(lock: CronLock): Promise<void> {
    const end = this.#relay?.begin(lock.jobName)
    try {
      await this.#run(lock.jobName)
    } catch {
      // The runner has logged it.
    } finally {
      end?.()
      await this.releaseLock(lock)
    }
  }
}
