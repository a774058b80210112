import { randomInt, randomUUID } from 'node:crypto'
import { Turns } from 'motia-runtime'
import { z } from 'zod'
import { owesEvents, type StoredPet } from '../../pets/pet'
import { isRepeat } from '../../pets/pet-changes'
import type { SharedRedis } from '../../redis/shared-redis'
import { asStored, MAX_SEQ } from '../pets-check'
import { type Change, RepeatedCreateError } from '../store'
import type { KnownPets } from './known-pets'
import { redisStoreError } from './redis-error'
import type { RedisKeys } from './redis-keys'
import { writeScript } from './redis-scripts'

/** How many pets one script writes at most: 1 or 2 ms of Redis's time. */
const MOST_WRITES = 200

/** A new pet that waits to be stored. `placeholder` stands for its id in its JSON. */
interface WaitingPet {
  placeholder: string
  pet: StoredPet
  /** The JSON of the pet with the same `Idempotency-Key`, if that has expired. Otherwise ''. */
  expired: string
  resolve: (pet: StoredPet) => void
  reject: (error: unknown) => void
}

/** A change that waits to be stored. */
interface WaitingChange {
  id: string
  change: (pet: StoredPet) => StoredPet | null
  resolve: (done: Change | null) => void
  reject: (error: unknown) => void
}

const replySchema = z.union([
  z.literal(1),
  z.string(),
  z.null(),
  z.tuple([z.string(), z.string()]),
  z.instanceof(Error),
])
const repliesSchema = z.array(replySchema)
type Reply = z.infer<typeof replySchema>

/** One write of the script, with the handler of its reply. */
interface Write {
  args: [verb: string, id: string, expected: string, text: string, owes: string, key: string]
  finish: (reply: Reply) => void
}

/**
 * Writes pets in turns, with one script call for all pending changes. A change is applied here, to the pet as this
 * process last saw it. Redis stores the result if the pet is still the same. Otherwise it replies with the current pet,
 * and the next turn applies the change to that.
 */
export class PetWriter {
  readonly #turns = new Turns<WaitingPet | WaitingChange>('pets', (items) => this.#takeTurn(items))
  /** Whether the last turn left changes to the next, because their pet had changed. */
  #isUnfinished = false

  constructor(
    private readonly redis: SharedRedis,
    private readonly keys: RedisKeys,
    private readonly known: KnownPets,
  ) {}

  /** Stores a new pet and returns it. */
  create(make: (id: string) => StoredPet): Promise<StoredPet> {
    return new Promise((resolve, reject) => {
      const placeholder = newPlaceholder()
      this.#turns.add({ placeholder, pet: asStored(placeholder, make(placeholder)), expired: '', resolve, reject })
    })
  }

  /** Changes the pet, or removes it if `change` returns null. Returns null if the pet no longer exists. */
  change(id: string, change: WaitingChange['change'], patienceMs?: number): Promise<Change | null> {
    return new Promise((resolve, reject) => this.#turns.add({ id, change, resolve, reject }, patienceMs))
  }

  /** Writes all pending changes. */
  async flush(): Promise<void> {
    do await this.#turns.flush()
    while (this.#isUnfinished)
  }

  async #takeTurn(items: (WaitingPet | WaitingChange)[]): Promise<void> {
    this.#isUnfinished = false
    const writes = this.#writesFor(items)
    for (let start = 0; start < writes.length; start += MOST_WRITES) {
      const some = writes.slice(start, start + MOST_WRITES)
      try {
        const replies = await this.#send(some)
        for (const [index, { finish }] of some.entries()) finish(replies[index] ?? null)
      } catch (cause) {
        const error = redisStoreError(cause)
        for (const { finish } of writes.slice(start)) finish(error)
        return
      }
    }
  }

  #writesFor(items: (WaitingPet | WaitingChange)[]): Write[] {
    const writes: Write[] = []
    const changes = new Map<string, WaitingChange[]>()
    for (const item of items) {
      if ('placeholder' in item) writes.push(this.#creation(item))
      else if (!changes.get(item.id)?.push(item)) changes.set(item.id, [item])
    }
    for (const [id, ofPet] of changes) writes.push(this.#changes(id, ofPet))
    return writes
  }

  #send(writes: Write[]): Promise<Reply[]> {
    const { all, ids, owing, byKey, seq, revision, copying } = this.keys
    const args = [randomUUID(), MAX_SEQ - 1, ...writes.flatMap((write) => write.args)]
    return this.redis.run(async (redis) =>
      repliesSchema.parse(await writeScript(redis, [all, ids, owing, byKey, seq, revision, copying], args)),
    )
  }

  #creation(item: WaitingPet): Write {
    const { placeholder, pet, expired, resolve, reject } = item
    const text = JSON.stringify(pet)
    return {
      args: ['create', placeholder, expired, text, owesEvents(pet) ? '1' : '', pet.idempotency?.key ?? ''],
      finish: (reply) => {
        if (Array.isArray(reply)) return this.#repeated(item, ...reply)
        if (typeof reply !== 'string') return reject(redisStoreError(reply))
        resolve(this.known.learn(reply, text.replaceAll(placeholder, reply)))
      },
    }
  }

  /** Another pet has the `Idempotency-Key` of a new one. If that has expired, the next turn stores the new pet. */
  #repeated(item: WaitingPet, id: string, text: string): void {
    try {
      const first = this.known.learn(id, text)
      if (isRepeat(item.pet, first)) throw new RepeatedCreateError(first)
      this.#isUnfinished = true
      this.#turns.add({ ...item, expired: text })
    } catch (error) {
      item.reject(error)
    }
  }

  #changes(id: string, changes: WaitingChange[]): Write {
    const known = this.known.get(id)
    // No pet has an empty JSON, so the reply is the current JSON.
    if (!known) return { args: ['keep', id, '', '', '', ''], finish: (reply) => this.#again(id, changes, reply) }
    const { after, outcomes } = applyAll(known.pet, changes)
    const text = after === known.pet ? known.text : JSON.stringify(after)
    const verb = after === null ? 'remove' : text === known.text ? 'keep' : 'set'
    const owes = after !== null && owesEvents(after)
    const lostKey = after?.idempotency ? undefined : known.pet.idempotency?.key
    return {
      args: [verb, id, known.text, text, owes === owesEvents(known.pet) ? '' : owes ? '1' : '0', lostKey ?? ''],
      finish: (reply) => {
        if (reply !== 1) return this.#again(id, changes, reply)
        if (after) this.known.set(id, { text, pet: after })
        else this.known.forget(id)
        for (const tell of outcomes) tell()
      },
    }
  }

  /** Queues the changes again, for the pet as it is now in Redis. */
  #again(id: string, changes: WaitingChange[], reply: Reply): void {
    try {
      if (reply instanceof Error) throw redisStoreError(reply)
      if (typeof reply === 'string') {
        this.known.learn(id, reply)
        this.#isUnfinished = true
        for (const change of changes) this.#turns.add(change)
      } else {
        this.known.forget(id)
        for (const { resolve } of changes) resolve(null)
      }
    } catch (error) {
      for (const { reject } of changes) reject(error)
    }
  }
}

/**
 * Returns 15 digits that stand for an id until Redis has chosen it. They are random and longer than any time, so no
 * other text in the JSON contains them.
 */
const newPlaceholder = (): string => String(9e14 + randomInt(1e14))

/**
 * Applies the changes one after the other. Returns the result, and functions that notify the callers once it is stored.
 */
function applyAll(pet: StoredPet, changes: WaitingChange[]): { after: StoredPet | null; outcomes: (() => void)[] } {
  let after: StoredPet | null = pet
  const outcomes = changes.map(({ id, change, resolve, reject }) => {
    try {
      const before = after
      if (before === null) return () => resolve(null)
      const changed = change(before)
      after = changed === null || changed === before ? changed : asStored(id, changed)
      const done = after && { before, after }
      return () => resolve(done)
    } catch (error) {
      return () => reject(error)
    }
  })
  return { after, outcomes }
}
