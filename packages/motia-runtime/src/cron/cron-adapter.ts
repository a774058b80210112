import { randomUUID } from 'node:crypto'
import type { CronAdapter, CronLock, CronLockInfo } from 'motia'
import type { CronLeases, CronRun } from './cron-leases'

/**
 * Motia's cron adapter for steps in Motia's stock runner. Motia schedules them, and the server that gets the lease of a
 * tick runs it. `lastTick` returns the tick of a step that is due now, in epoch ms.
 */
export class LeasedCronAdapter implements CronAdapter {
  readonly #runs = new Map<string, { lock: CronLock; run: CronRun; ended: Promise<void>; end: () => void }>()

  constructor(
    private readonly leases: CronLeases,
    private readonly lastTick: (stepName: string) => number,
  ) {}

  async acquireLock(jobName: string, ttl: number): Promise<CronLock | null> {
    const run = await this.leases.begin(jobName, this.lastTick(jobName))
    if (run === 'held' || run === 'done') return null
    const acquiredAt = Date.now()
    const instanceId = String(process.pid)
    const lock = { jobName, lockId: randomUUID(), acquiredAt, expiresAt: acquiredAt + ttl, instanceId }
    let end = () => {}
    const ended = new Promise<void>((resolve) => {
      end = resolve
    })
    this.#runs.set(lock.lockId, { lock, run, ended, end })
    return lock
  }

  async releaseLock({ lockId }: CronLock): Promise<void> {
    const held = this.#runs.get(lockId)
    this.#runs.delete(lockId)
    try {
      await held?.run.end()
    } finally {
      held?.end()
    }
  }

  async renewLock(): Promise<boolean> {
    return false
  }

  async isHealthy(): Promise<boolean> {
    return true
  }

  /** Waits for the current runs to end. */
  async shutdown(): Promise<void> {
    await Promise.all(Array.from(this.#runs.values(), ({ ended }) => ended))
  }

  async getActiveLocks(): Promise<CronLockInfo[]> {
    return Array.from(this.#runs.values(), ({ lock }) => lock)
  }
}
