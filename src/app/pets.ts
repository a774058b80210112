import { createHash } from 'node:crypto'
import { currentRun, etagOf, matchesEtag, matchesWeakly } from 'motia-runtime'
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
  isVisible,
  newPet,
  presentPet,
  setFeedingReminder,
  softDelete,
  withOwed,
  withoutOwed,
} from '../pets/pet-changes'
import { pagesOf } from '../store/pages'
import { type Change, JOB_PATIENCE_MS, type PetStore, RepeatedCreateError } from '../store/store'
import { openStore } from './open-store'
import { type EventDraft, type Owed, owe, sign } from './owed-events'
import { listPage, listPets, type PetPage } from './pet-list'
import { type Reaping, reap } from './reaper'
import { readSettings } from './settings'

/** The result of a change: the pet and the events to emit. */
export interface Changed<Draft extends EventDraft> {
  pet: Pet
  events: Owed<Draft>[]
}

/** The pet that a client wants to change. Its `ETag` must match the `If-Match` header, and not match `If-None-Match`. */
export interface Wanted {
  id: string
  headers?: { 'if-match'?: string | string[]; 'if-none-match'?: string | string[] }
}

/** Returns the `ETag` of the pet as the API shows it. */
const etagOfPet = (pet: StoredPet): string => etagOf(JSON.stringify(presentPet(pet)))

/** Throws a `PetChangedError` unless the headers allow a change of the pet. */
const checkConditions = (headers: Required<Wanted>['headers'], pet: StoredPet): void => {
  const { 'if-match': ifMatch, 'if-none-match': ifNoneMatch } = headers
  if (ifMatch !== undefined && !matchesEtag(String(ifMatch), etagOfPet(pet))) throw new PetChangedError()
  if (ifNoneMatch !== undefined && matchesWeakly(String(ifNoneMatch), etagOfPet(pet)))
    throw new PetChangedError('The pet matches If-None-Match, so it was not changed')
}

const hash = (value: unknown): string => createHash('sha256').update(JSON.stringify(value)).digest('base64url')

/**
 * The operations on pets that the steps call, with any store. Each change stores the events that it causes in the same
 * write. The step emits them. If the server crashes before that, the next start emits them.
 */
export class Pets {
  /** `now` returns epoch ms. */
  constructor(
    private readonly store: PetStore,
    private readonly now: () => number = () => Date.now(),
  ) {}

  /**
   * Stores a new pet with the events from `describe`. If the client has created a pet with this `Idempotency-Key`
   * before, returns that pet as it was at first, without events. Throws a `KeyReusedError` if the input differs.
   */
  async create<const Draft extends EventDraft>(
    input: CreatePet,
    describe: (pet: Pet) => readonly Draft[],
    key?: string,
  ): Promise<Changed<Draft>> {
    const now = this.now()
    // Read this now: the store may call back while it serves another request.
    const run = currentRun()
    const idempotency = key === undefined ? undefined : { key: hash([run.caller, key]), body: hash(input) }
    const make = (id: string): StoredPet => {
      const pet = newPet(id, input, now)
      return withOwed(idempotency ? { ...pet, idempotency } : pet, owe(describe(pet), run))
    }
    try {
      const stored = await this.store.create(make)
      const pet = presentPet(stored)
      // `make` may have run twice, or with a placeholder for the id: these are the stored events.
      const events = describe(pet).map((draft, index) => ({ id: stored.owed?.[index]?.id ?? '', ...sign(draft, run) }))
      return { pet, events }
    } catch (error) {
      if (!(error instanceof RepeatedCreateError)) throw error
      const { id, createdAt, idempotency: first } = error.first
      if (first?.body !== idempotency?.body) throw new KeyReusedError()
      return { pet: newPet(id, input, createdAt), events: [] }
    }
  }

  /** Returns every pet, including soft-deleted ones, in the order of creation. */
  list(): Promise<Pet[]> {
    return listPets(this.store)
  }

  /** Returns a page of the list, as `listPage` does. */
  listPage(query: ListPets): Promise<PetPage> {
    return listPage(this.store, query)
  }

  /** Returns the pet. Throws a `PetNotFoundError`. */
  async get(id: string): Promise<Pet> {
    const pet = await this.store.get(id)
    if (!pet || !isVisible(pet)) throw new PetNotFoundError()
    return presentPet(pet)
  }

  /**
   * Applies the patch. If that soft-deletes or restores the pet, stores the event from `describe` with it. Throws a
   * `PetNotFoundError` or a `PetChangedError`.
   */
  async update<const Deleted extends EventDraft, const Restored extends EventDraft>(
    wanted: Wanted,
    patch: UpdatePet,
    describe: { deleted: (pet: Pet) => Deleted; restored: (pet: Pet) => Restored },
  ): Promise<Changed<Deleted | Restored>> {
    const now = this.now()
    return this.#change<Deleted | Restored>(
      wanted,
      (pet) => applyUpdate(pet, patch, now),
      ({ before, after }) => {
        if ((before.status === 'deleted') === (after.status === 'deleted')) return []
        return [after.status === 'deleted' ? describe.deleted(presentPet(after)) : describe.restored(presentPet(after))]
      },
    )
  }

  /**
   * Soft-deletes the pet, with the event from `describe` unless it already was deleted. Throws the same errors as
   * `update`.
   */
  async softDelete<const Draft extends EventDraft>(
    wanted: Wanted,
    describe: (pet: Pet) => Draft,
  ): Promise<Changed<Draft>> {
    const now = this.now()
    return this.#change(
      wanted,
      (pet) => softDelete(pet, now),
      ({ before, after }) => (before.status === 'deleted' ? [] : [describe(presentPet(after))]),
    )
  }

  /**
   * Sets the feeding reminder that was queued at `enqueuedAt`, with the event from `describe`. Returns null if the pet
   * no longer exists. If the reminder was set before, returns the event again: the audit trail keeps the first.
   */
  async setFeedingReminder<const Draft extends EventDraft>(
    id: string,
    enqueuedAt: number,
    describe: (pet: Pet) => Draft,
  ): Promise<Changed<Draft> | null> {
    const now = this.now()
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

  /** Calls `purge` for each pet whose retention is over, as `reap` does. */
  reap(purge: (id: string) => Promise<boolean>): Promise<Reaping> {
    return reap(this.store, this.now, purge)
  }

  /**
   * Purges a due pet, with the event from `describe`. Returns null if the pet is no longer due, or another run was
   * faster. From then on no reader sees the pet. Its record is removed once the event is sent.
   */
  async purge<const Draft extends EventDraft>(
    id: string,
    describe: (pet: Pet, purgedAt: number) => Draft,
  ): Promise<Changed<Draft> | null> {
    const now = this.now()
    const run = currentRun()
    let events: Owed<Draft>[] = []
    const change = await this.store.update(id, (pet) => {
      events = isDue(pet, now) ? owe([describe(presentPet(pet), now)], run) : []
      return events.length === 0 ? pet : withOwed({ ...pet, purged: true }, events)
    })
    return change && events.length > 0 ? { pet: presentPet(change.before), events } : null
  }

  /** Yields the events that pets still owe, page by page. */
  async *owed(): AsyncGenerator<OwedEvent[]> {
    const owing = pagesOf((after, limit) => this.store.page(after, limit, 'owing'))
    for await (const page of owing) yield page.flatMap(({ owed = [] }) => owed)
  }

  /** Removes settled events from their pets, and purged pets that were only kept for them. */
  async settle(events: readonly { id?: string; data: unknown }[], patienceMs: number): Promise<void> {
    const petIds = new Set<string>()
    const eventIds = new Set<string>()
    for (const { id, data } of events) {
      if (id === undefined || typeof data !== 'object' || data === null || !('petId' in data)) continue
      petIds.add(String(data.petId))
      eventIds.add(id)
    }
    if (petIds.size === 0) return
    await this.store.updateMany([...petIds], (pet) => withoutOwed(pet, eventIds), patienceMs)
  }

  /** Prepares the store. Returns warnings. Throws a one-line error if the server must not start with it. */
  async start(): Promise<string[]> {
    return (await this.store.start?.()) ?? []
  }

  /** Resolves if the store can be read, and is not a read-only replica. Otherwise rejects with its `StoreError`. */
  async check(): Promise<void> {
    await this.store.get('0')
    await this.store.check?.()
  }

  /** Writes pending changes, and closes files. */
  async close(): Promise<void> {
    await this.store.close()
  }

  /**
   * Changes a visible pet, and stores the events of the change with it. Throws a `PetNotFoundError` or a
   * `PetChangedError`.
   */
  async #change<const Draft extends EventDraft>(
    { id, headers = {} }: Wanted,
    change: (pet: StoredPet) => StoredPet,
    describe: (change: Change) => Draft[],
    patienceMs = 0,
  ): Promise<Changed<Draft>> {
    const run = currentRun()
    let events: Owed<Draft>[] = []
    const changed = await this.store.update(
      id,
      (before) => {
        if (!isVisible(before)) return before
        checkConditions(headers, before)
        const after = change(before)
        events = owe(describe({ before, after }), run)
        return after === before ? before : withOwed(after, events)
      },
      patienceMs,
    )
    if (!changed || !isVisible(changed.before)) throw new PetNotFoundError()
    return { pet: presentPet(changed.after), events }
  }
}

/** The pets of this process, in the store of its settings. */
export const pets = new Pets(openStore(readSettings()))
