import { createHash, randomUUID } from 'node:crypto'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { currentCaller, etagOf, matchesEtag } from 'motia-runtime'
import type { CreatePet, ListPets, UpdatePet } from '../pets/payloads'
import {
  KeyReusedError,
  type OwedEvent,
  type Pet,
  PetChangedError,
  PetNotFoundError,
  type StoredPet,
} from '../pets/pet'
import {
  applyUpdate,
  isDue,
  isKeyOver,
  isVisible,
  newPet,
  presentPet,
  setFeedingReminder,
  softDelete,
  withOwed,
  withoutOldKey,
  withoutOwed,
} from '../pets/pet-changes'
import { petFilter } from '../pets/pet-filter'
import { PAGE_SIZE, pagesOf } from '../store/pages'
import { type Change, type PetStore, RepeatedCreateError, type Written } from '../store/store'
import { openStore } from './open-store'
import { readSettings } from './settings'

/** How many pets of a long list are copied per turn of the event loop: about 5 ms of work. */
const LIST_SLICE = 10_000

/** How many pets a page with a filter looks at, so that one which few pets match takes no longer than others. */
const MOST_LOOKED_AT = 10_000

/** How long a job's change may wait for others to be written with it, in ms. */
const JOB_PATIENCE_MS = 2

/** How many errors of a reaper's run are returned. */
const ERRORS_KEPT = 5

/** The result of a reaper's run. */
export interface Reaping {
  counts: { totalScanned: number; purgedCount: number; failedCount: number }
  errors: unknown[]
}

/** An event as a step describes it: a topic and the data for its subscribers. */
export interface EventDraft {
  topic: string
  data: Record<string, unknown>
}

/** An event that is stored with the change that caused it, and that the step is about to emit. */
export type Owed<Draft extends EventDraft> = Draft & { id: string }

/** The result of a change: the pet, and the events to emit. */
export interface Changed<Draft extends EventDraft> {
  pet: Pet
  events: Owed<Draft>[]
}

/** The pet that a client wants to change: the one of that id, and only if its `ETag` fits the header `If-Match`, if there is one. */
export interface Wanted {
  id: string
  ifMatch?: string | string[]
}

/** The `ETag` of the pet as the API shows it. */
const etagOfPet = (pet: StoredPet): string => etagOf(JSON.stringify(presentPet(pet)))

const hash = (value: unknown): string => createHash('sha256').update(JSON.stringify(value)).digest('base64url')

const owe = <Draft extends EventDraft>(drafts: readonly Draft[], by?: string): Owed<Draft>[] =>
  drafts.map((draft) => ({ id: randomUUID(), ...sign(draft, by) }))

/** Returns the event with the name of the API key that caused it, if keys are in use. */
const sign = <Draft extends EventDraft>(draft: Draft, by: string | undefined): Draft =>
  by === undefined ? draft : { ...draft, data: { ...draft.data, by } }

/**
 * The pets: what the steps do, on whatever store they are kept in. Each change stores the events that it causes in the same
 * write. The step emits them; if the server crashes before that, the next start does.
 */
export class Pets {
  readonly #store: PetStore
  readonly #now: () => number

  /** `now` returns epoch ms. */
  constructor(store: PetStore, now: () => number = () => Date.now()) {
    this.#store = store
    this.#now = now
  }

  /**
   * Stores a new pet with the events that `describe` returns for it. If the client has created a pet with this `Idempotency-Key`
   * before, returns that as it was first, without events; throws a `KeyReusedError` if it was created from another input.
   */
  async create<const Draft extends EventDraft>(
    input: CreatePet,
    describe: (pet: Pet) => readonly Draft[],
    key?: string,
  ): Promise<Changed<Draft>> {
    const now = this.#now()
    // Asked now: the store may call back while it serves another request.
    const by = currentCaller()
    const idempotency = key === undefined ? undefined : { key: hash([by, key]), body: hash(input) }
    const make = (id: string): StoredPet => {
      const pet = newPet(id, input, now)
      return withOwed(idempotency ? { ...pet, idempotency } : pet, owe(describe(pet), by))
    }
    const stored = await this.#store.create(make).catch((error: unknown) => {
      if (error instanceof RepeatedCreateError) return error
      throw error
    })
    if (stored instanceof RepeatedCreateError) {
      const { id, createdAt, idempotency: first } = stored.first
      if (first?.body !== idempotency?.body) throw new KeyReusedError()
      return { pet: newPet(id, input, createdAt), events: [] }
    }
    const pet = presentPet(stored)
    // The ids of the events that were stored with the id that the pet got.
    const ids = (stored.owed ?? []).map(({ id }) => id)
    return { pet, events: describe(pet).map((draft, index) => ({ id: ids[index] ?? '', ...sign(draft, by) })) }
  }

  /** Returns every pet, soft-deleted ones too, in the order of creation. */
  async list(): Promise<Pet[]> {
    const stored = await this.#store.list()
    const pets: Pet[] = []
    for (let start = 0; start < stored.length; start += LIST_SLICE) {
      if (start > 0) await nextTurn()
      for (const pet of stored.slice(start, start + LIST_SLICE)) if (isVisible(pet)) pets.push(presentPet(pet))
    }
    return pets
  }

  /**
   * Returns at most `limit` pets that the filter lets through, after the one of the id `cursor`. There may be fewer although
   * more follow, since a page looks at so many pets at most. `next` is the cursor of the page that follows; null if there is
   * none.
   */
  async listPage({ limit, cursor, sort, ...filter }: ListPets): Promise<{ pets: Pet[]; next: string | null }> {
    const isWanted = petFilter(filter)
    const which = sort === '-createdAt' ? 'newest-first' : 'all'
    // Without a filter one read is enough, as a rule: the page, and whether there is more.
    const size = Object.values(filter).some((value) => value !== undefined) ? PAGE_SIZE : limit + 1
    const pets: Pet[] = []
    let next = cursor
    let looked = 0
    for await (const page of pagesOf((after, most) => this.#store.page(after, most, which), cursor, size)) {
      for (const pet of page) {
        if (pets.length === limit || looked === MOST_LOOKED_AT) return { pets, next }
        if (isVisible(pet) && isWanted(pet)) pets.push(presentPet(pet))
        next = pet.id
        looked += 1
      }
    }
    return { pets, next: null }
  }

  /** Returns the pet; throws a `PetNotFoundError`. */
  async get(id: string): Promise<Pet> {
    const pet = await this.#store.get(id)
    if (!pet || !isVisible(pet)) throw new PetNotFoundError()
    return presentPet(pet)
  }

  /**
   * Applies the patch; throws a `PetNotFoundError` or a `PetChangedError`. If it soft-deletes or restores the pet, the event that
   * `describe` returns for that is stored with it.
   */
  async update<const Deleted extends EventDraft, const Restored extends EventDraft>(
    wanted: Wanted,
    patch: UpdatePet,
    describe: { deleted: (pet: Pet) => Deleted; restored: (pet: Pet) => Restored },
  ): Promise<Changed<Deleted | Restored>> {
    const now = this.#now()
    return this.#change<Deleted | Restored>(
      wanted,
      (pet) => applyUpdate(pet, patch, now),
      ({ before, after }) => {
        if ((before.status === 'deleted') === (after.status === 'deleted')) return []
        return [after.status === 'deleted' ? describe.deleted(presentPet(after)) : describe.restored(presentPet(after))]
      },
    )
  }

  /** Soft-deletes the pet, with the event that `describe` returns; without one if it already was. Throws what `update` does. */
  async softDelete<const Draft extends EventDraft>(
    wanted: Wanted,
    describe: (pet: Pet) => Draft,
  ): Promise<Changed<Draft>> {
    const now = this.#now()
    return this.#change(
      wanted,
      (pet) => softDelete(pet, now),
      ({ before, after }) => (before.status === 'deleted' ? [] : [describe(presentPet(after))]),
    )
  }

  /**
   * Sets the feeding reminder that was queued at `enqueuedAt`, with the event that `describe` returns; null if the pet no
   * longer exists. A reminder that is set already returns the event again: the audit trail keeps the first.
   */
  async setFeedingReminder<const Draft extends EventDraft>(
    id: string,
    enqueuedAt: number,
    describe: (pet: Pet) => Draft,
  ): Promise<Changed<Draft> | null> {
    const now = this.#now()
    try {
      return await this.#change(
        { id },
        (pet) => setFeedingReminder(pet, enqueuedAt, now),
        ({ after }) => [describe(presentPet(after))],
        JOB_PATIENCE_MS,
      )
    } catch (error) {
      if (error instanceof PetNotFoundError) return null
      throw error
    }
  }

  /**
   * Scans every pet and calls `purge` for each one whose retention is over. `purge` returns whether it removed the pet; pets for
   * which it throws count as failed, and the first errors are returned.
   */
  async reap(purge: (id: string) => Promise<boolean>): Promise<Reaping> {
    const counts = { totalScanned: 0, purgedCount: 0, failedCount: 0 }
    const errors: unknown[] = []
    for await (const page of this.#pages('all')) {
      // One that is purged, and kept until its event is sent, counts no more.
      counts.totalScanned += page.filter(isVisible).length
      const now = this.#now()
      await this.#forgetKeys(page, now)
      const due = page.filter((pet) => isDue(pet, now))
      for (const outcome of await Promise.allSettled(due.map(({ id }) => purge(id)))) {
        if (outcome.status === 'fulfilled') counts.purgedCount += outcome.value ? 1 : 0
        else {
          counts.failedCount += 1
          if (errors.length < ERRORS_KEPT) errors.push(outcome.reason)
        }
      }
    }
    return { counts, errors }
  }

  /**
   * Removes a due pet for good, with the event that `describe` returns; null if it is not due any more, or another run was
   * faster. From then on no reader sees it; its record goes once the event is sent.
   */
  async purge<const Draft extends EventDraft>(
    id: string,
    describe: (pet: Pet, purgedAt: number) => Draft,
  ): Promise<Changed<Draft> | null> {
    const now = this.#now()
    let events: Owed<Draft>[] = []
    const change = await this.#store.update(id, (pet) => {
      events = isDue(pet, now) ? owe([describe(presentPet(pet), now)]) : []
      return events.length === 0 ? pet : withOwed({ ...pet, purged: true }, events)
    })
    return change && events.length > 0 ? { pet: presentPet(change.before), events } : null
  }

  /** Returns the events that pets still owe, page by page. */
  async *owed(): AsyncGenerator<OwedEvent[]> {
    for await (const page of this.#pages('owing')) yield page.flatMap(({ owed = [] }) => owed)
  }

  /** Removes events that need not be owed any more from their pets, and pets that were only kept for them. */
  async settle(events: readonly { id?: string; data: unknown }[], patienceMs: number): Promise<void> {
    const petIds = new Set<string>()
    const eventIds = new Set<string>()
    for (const { id, data } of events) {
      if (id === undefined || typeof data !== 'object' || data === null || !('petId' in data)) continue
      petIds.add(String(data.petId))
      eventIds.add(id)
    }
    if (petIds.size === 0) return
    await this.#store.updateMany([...petIds], (pet) => withoutOwed(pet, eventIds), { patienceMs })
  }

  /** Returns how often this process has written, and how many changes. */
  get written(): Readonly<Written> {
    return this.#store.written
  }

  /** Gets the store ready; throws a one-line error if the server must not start with it. */
  async start(): Promise<void> {
    await this.#store.start?.()
  }

  /** Resolves if the store can be read; rejects with its `StoreError` if not. */
  async check(): Promise<void> {
    await this.#store.get('0')
  }

  /** Writes what is still to be written, and lets go of files. */
  async close(): Promise<void> {
    await this.#store.close()
  }

  /** Removes the `Idempotency-Key`s that no longer count. If that fails, the next run does it. */
  async #forgetKeys(pets: readonly StoredPet[], now: number): Promise<void> {
    const ids = pets.flatMap((pet) => (isKeyOver(pet, now) ? pet.id : []))
    if (ids.length === 0) return
    await this.#store.updateMany(ids, (pet) => withoutOldKey(pet, now), { patienceMs: JOB_PATIENCE_MS }).catch(() => {})
  }

  #pages(which: 'all' | 'owing'): AsyncGenerator<readonly StoredPet[]> {
    return pagesOf((after, limit) => this.#store.page(after, limit, which))
  }

  /**
   * Changes a visible pet, and stores the events of the change with it; throws a `PetNotFoundError`, or a
   * `PetChangedError`.
   */
  async #change<const Draft extends EventDraft>(
    { id, ifMatch }: Wanted,
    change: (pet: StoredPet) => StoredPet,
    describe: (change: Change) => Draft[],
    patienceMs = 0,
  ): Promise<Changed<Draft>> {
    const by = currentCaller()
    let events: Owed<Draft>[] = []
    const changed = await this.#store.update(
      id,
      (before) => {
        if (!isVisible(before)) return before
        if (ifMatch !== undefined && !matchesEtag(String(ifMatch), etagOfPet(before))) throw new PetChangedError()
        const after = change(before)
        events = owe(describe({ before, after }), by)
        return after === before ? before : withOwed(after, events)
      },
      { patienceMs },
    )
    if (!changed || !isVisible(changed.before)) throw new PetNotFoundError()
    return { pet: presentPet(changed.after), events }
  }
}

/** The pets of this process, in the store that its settings name. */
export const pets = new Pets(openStore(readSettings()))
