import { join } from 'node:path'
import type { Event, QueueConfig } from 'motia'
import type { FileCalls } from 'motia-runtime'
import { createEmbeddedEngine } from '../../packages/motia-runtime/src/engine/embedded/embedded-engine'
import { OutboxRelay } from '../../packages/motia-runtime/src/outbox/outbox-relay'
import { Pets } from '../../src/app/pets'
import { type AuditEntry, keyOf } from '../../src/audit/audit'
import { AuditLog } from '../../src/audit/audit-log'
import { jobCompleted, jobEnqueuedSchema, petCreated, petPurged, petSoftDeleted } from '../../src/events/payloads'
import type { OwedEvent, Pet } from '../../src/pets/pet'
import { createFileStore } from '../../src/store/file/file-store'
import { StoreError } from '../../src/store/store'
import { waitFor } from '../support/wait-for'

/** The topics that the audit trail subscribes to. */
const AUDITED = ['js.pet.created', 'js.pet.soft.deleted', 'js.pet.purged', 'js.job.postcreate.completed']

const [JOB, FEEDING] = ['js.job.postcreate.enqueued', 'js.feeding.reminder.enqueued'] as const

/** The topics of the job that sets the feeding reminder. */
export const JOB_TOPICS: readonly string[] = [JOB, FEEDING]

/** The events of each change, as the steps describe them. */
export const EVENTS = {
  created: (pet: Pet) => [
    { topic: 'js.pet.created', data: petCreated(pet) },
    { topic: JOB, data: { petId: pet.id, enqueuedAt: pet.createdAt } },
  ],
  deleted: (pet: Pet) => ({ topic: 'js.pet.soft.deleted', data: petSoftDeleted(pet) }),
  restored: ({ id, updatedAt }: Pet) => ({ topic: FEEDING, data: { petId: id, enqueuedAt: updatedAt } }),
  purged: (pet: Pet, purgedAt: number) => ({ topic: 'js.pet.purged', data: petPurged(pet, purgedAt) }),
}

/** Returns the key of the line that an event leaves in the audit trail; that of a job is written at its end. */
export const auditKeyOf = ({ topic, data }: Pick<OwedEvent, 'topic' | 'data'>): string =>
  keyOf({ topic: JOB_TOPICS.includes(topic) ? 'js.job.postcreate.completed' : topic, traceId: '', data })

const MONTHS_MS = 100 * 24 * 60 * 60 * 1_000

const QUEUE: QueueConfig = { type: 'standard', maxRetries: 3, visibilityTimeout: 30, delaySeconds: 0 }

export interface ShopOptions {
  dataDir: string
  calls?: FileCalls
  /** How often a job that failed is tried again; by default it is a dead letter at once. */
  jobRetries?: number
  /** The error with which the job of a pet fails, if any. */
  failureOf?: (pet: string) => Error | undefined
  onFed?: (pet: string) => void
  onAudited?: (key: string) => void
}

/** All of a server that writes files, without its HTTP: store, queues, jobs and audit trail in one folder. */
export const openShop = async (options: ShopOptions) => {
  const { dataDir, calls, jobRetries = 0, failureOf, onFed, onAudited } = options
  const engine = await createEmbeddedEngine({ dataDir, traceLimit: 0, calls })
  const store = createFileStore({ dataDir, calls, warn: () => {} })
  const pets = new Pets(store)
  const audit = new AuditLog(join(dataDir, 'audit.jsonl'), undefined, calls)
  const relay = new OutboxRelay({ engine, outbox: () => pets })

  const runJob = async ({ data, traceId }: Event<unknown>) => {
    const { petId, enqueuedAt } = jobEnqueuedSchema.parse(data)
    const failure = failureOf?.(petId)
    if (failure) throw failure
    const done = await pets.setFeedingReminder(petId, enqueuedAt, () => ({
      topic: 'js.job.postcreate.completed',
      data: jobCompleted(petId, enqueuedAt, Date.now()),
    }))
    if (!done) return
    onFed?.(petId)
    for (const event of done.events) await engine.events.emit({ ...event, traceId })
  }
  const writeAudit = async ({ topic, data, traceId }: Event<unknown>) => {
    const entry: AuditEntry = { topic, data, traceId }
    await audit.append(entry).catch((cause) => {
      throw new StoreError('STORE_UNAVAILABLE', 'The audit trail cannot be written', { cause })
    })
    onAudited?.(keyOf(entry))
  }
  try {
    await store.start?.()
    for (const topic of JOB_TOPICS)
      await engine.events.subscribe(topic, 'Job', runJob, { ...QUEUE, maxRetries: jobRetries })
    for (const topic of AUDITED) await engine.events.subscribe(topic, 'Audit', writeAudit, QUEUE)
    await engine.start()
  } catch (error) {
    await engine.close()
    throw error
  }
  relay.start()

  const emit = async (events: readonly { id: string; topic: string; data: unknown }[]) => {
    for (const event of events) await engine.events.emit({ ...event, traceId: 'TRACE' })
  }
  const isIdle = async () => {
    const queues = await engine.queues()
    return (
      queues.every(({ waiting, active, delayed }) => waiting + active + delayed === 0) &&
      (await store.page(null, 1, 'owing')).length === 0
    )
  }
  return {
    engine,
    store,
    pets,
    /** The same pets, when every soft-deleted one is due. */
    later: new Pets(store, () => Date.now() + MONTHS_MS),
    audit,
    emit,
    /** Emits what is owed, which would take up to 30 s by itself. */
    sweep: () => relay.sweep('all'),
    /** Resolves once every event is handled, and settled. */
    idle: (timeout = 60_000) => waitFor(isIdle, { what: 'every event to be handled', timeout, interval: 20 }),
    /** As a server stops. */
    stop: async () => {
      await engine.events.shutdown()
      await relay.stop()
      await pets.close()
      await engine.close()
    },
  }
}

/** What `openShop` returns. */
export type Shop = Awaited<ReturnType<typeof openShop>>
