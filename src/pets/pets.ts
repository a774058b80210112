import { setImmediate as nextTurn } from 'node:timers/promises'
import type { z } from 'zod'
import { readSettings } from '../settings'
import { openStore } from '../store/open-store'
import type { Change, PetStore } from '../store/store'
import { type CreatePet, deletionSchema, type ListPets, type UpdatePet } from './payloads'
import type { Namespace, Pet, StoredPet } from './pet'
import {
  applyUpdate,
  claimPurge,
  finishJob,
  isVisible,
  newPet,
  presentList,
  presentPet,
  presentPets,
  softDelete,
} from './pet-changes'

/** No pet of that id. */
export class PetNotFoundError extends Error {
  override readonly name = 'PetNotFoundError'

  constructor() {
    super('Not found')
  }
}

/** How many pets are looked at in one go by what looks at all of them. */
const PAGE_SIZE = 1_000

/** What an update did beside the fields: a pet that became soft-deleted, or was restored. */
export type Transition = 'deleted' | 'restored' | null

/** The answer to a soft delete. */
export type Deletion = z.infer<typeof deletionSchema>

/** One reaper's run. `failure` is the first error of those that left pets due but not removed, or null. */
export interface Reaping {
  purged: StoredPet[]
  counts: { totalScanned: number; purgedCount: number; failedCount: number }
  failure: unknown
}

const transitionOf = ({ before, after }: Change): Transition => {
  if ((before.status === 'deleted') === (after.status === 'deleted')) return null
  return after.status === 'deleted' ? 'deleted' : 'restored'
}

/** The pets: what the steps do, in the words of the specification, on whatever store they are kept in. */
export class Pets {
  readonly #store: PetStore
  readonly #now: () => number

  /** `now` gives epoch ms. */
  constructor(store: PetStore, now: () => number = () => Date.now()) {
    this.#store = store
    this.#now = now
  }

  /** Stores a new pet, owed its job, and returns it once it is durable. */
  async create(namespace: Namespace, input: CreatePet): Promise<Pet> {
    return presentPet(await this.#store.create((id) => newPet(id, input, namespace, this.#now())))
  }

  /** Every pet, soft-deleted ones too, in the order of creation. */
  async list(): Promise<Pet[]> {
    return presentList(await this.#store.list())
  }

  /**
   * At most `limit` pets after the one of the id `cursor`, in the order of creation. `next` is the cursor of the page that
   * follows; null where none does.
   */
  async listPage({ limit, cursor }: ListPets): Promise<{ pets: Pet[]; next: string | null }> {
    const found = await this.#store.page(cursor, limit + 1)
    const shown = found.slice(0, limit)
    return { pets: presentPets(shown), next: found.length > limit ? (shown.at(-1)?.id ?? null) : null }
  }

  /** The pet of that id; throws a `PetNotFoundError`. */
  async get(id: string): Promise<Pet> {
    const pet = await this.#store.get(id)
    if (!pet || !isVisible(pet)) throw new PetNotFoundError()
    return presentPet(pet)
  }

  /** Applies the patch; throws a `PetNotFoundError`. A restored pet is owed a feeding reminder, from its `updatedAt` on. */
  async update(namespace: Namespace, id: string, patch: UpdatePet): Promise<{ pet: Pet; transition: Transition }> {
    const now = this.#now()
    const change = await this.#change(id, (pet) => applyUpdate(pet, patch, namespace, now))
    return { pet: presentPet(change.after), transition: transitionOf(change) }
  }

  /** Soft-deletes the pet, if it is not yet; throws a `PetNotFoundError`. */
  async softDelete(id: string): Promise<{ deletion: Deletion; pet: Pet; transition: Transition }> {
    const now = this.#now()
    const change = await this.#change(id, (pet) => softDelete(pet, now))
    const pet = presentPet(change.after)
    const deletion = deletionSchema.parse({
      message: 'Pet scheduled for deletion',
      petId: pet.id,
      purgeAt: pet.purgeAt,
    })
    return { deletion, pet, transition: transitionOf(change) }
  }

  /** Does the PostCreateLite job queued at `enqueuedAt`; null where the pet no longer exists. */
  async finishJob(id: string, enqueuedAt: number): Promise<{ notes: string; nextFeedingAt: number } | null> {
    const now = this.#now()
    const change = await this.#store.update(id, (pet) => (isVisible(pet) ? finishJob(pet, enqueuedAt, now) : pet))
    if (!change || !isVisible(change.after)) return null
    const { notes = '', nextFeedingAt = 0 } = change.after
    return { notes, nextFeedingAt }
  }

  /**
   * Purges every pet that is due, each announced once: a pet is claimed durably for the namespace, then announced, then
   * removed. A run that was cut off in between leaves the claim, and the namespace's next run goes on from there.
   */
  async reap(namespace: Namespace, announce: (pet: StoredPet) => Promise<void>): Promise<Reaping> {
    const purged: StoredPet[] = []
    const failures: unknown[] = []
    let totalScanned = 0
    for await (const page of this.#pages('all')) {
      totalScanned += page.length
      const now = this.#now()
      const due = page.filter((pet) => claimPurge(pet, namespace, now) !== pet)
      const outcomes = await Promise.allSettled(due.map(({ id }) => this.#purge(id, namespace, announce)))
      for (const outcome of outcomes) {
        if (outcome.status === 'rejected') failures.push(outcome.reason)
        else if (outcome.value) purged.push(outcome.value)
      }
    }
    return {
      purged,
      counts: { totalScanned, purgedCount: purged.length, failedCount: failures.length },
      failure: failures[0] ?? null,
    }
  }

  /** The jobs that pets are still owed: the topic that queues each, and its data. */
  async owedJobs(): Promise<{ topic: string; petId: string; enqueuedAt: number }[]> {
    const jobs: { topic: string; petId: string; enqueuedAt: number }[] = []
    for await (const page of this.#pages('unfinished')) {
      for (const { id, createdAt, owedJob } of page) {
        if (!owedJob) continue
        const { namespace, enqueuedAt } = owedJob
        const name = enqueuedAt === createdAt ? 'job.postcreate.enqueued' : 'feeding.reminder.enqueued'
        jobs.push({ topic: `${namespace}.${name}`, petId: id, enqueuedAt })
      }
    }
    return jobs
  }

  /** Resolves where the store can be read; rejects with its `StoreError` where not. */
  async check(): Promise<void> {
    await this.#store.get('0')
  }

  /** The pets, page by page; others get their turn in between. */
  async *#pages(which: 'all' | 'unfinished'): AsyncGenerator<readonly StoredPet[]> {
    let after: string | null = null
    for (;;) {
      const page: readonly StoredPet[] = await this.#store.page(after, PAGE_SIZE, which)
      yield page
      const last = page.at(-1)
      if (!last || page.length < PAGE_SIZE) return
      after = last.id
      await nextTurn()
    }
  }

  async #purge(
    id: string,
    namespace: Namespace,
    announce: (pet: StoredPet) => Promise<void>,
  ): Promise<StoredPet | null> {
    // Not the time at which the run began: a claim must not be born too old.
    const now = this.#now()
    const change = await this.#store.update(id, (pet) => claimPurge(pet, namespace, now))
    if (!change || change.before === change.after) return null
    await announce(change.after)
    return this.#store.remove(id, (pet) => pet.purgeClaim !== undefined)
  }

  async #change(id: string, change: (pet: StoredPet) => StoredPet): Promise<Change> {
    const changed = await this.#store.update(id, (pet) => (isVisible(pet) ? change(pet) : pet))
    if (!changed || !isVisible(changed.after)) throw new PetNotFoundError()
    return changed
  }
}

/** The pets of this process, in the store that its settings name. */
export const pets = new Pets(openStore(readSettings()))
