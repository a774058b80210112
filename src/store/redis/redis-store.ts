import type { Redis } from 'ioredis'
import { z } from 'zod'
import type { StoredPet } from '../../pets/pet'
import { isUnfinished } from '../../pets/pet-changes'
import type { Script } from '../../redis/script'
import type { SharedRedis } from '../../redis/shared-redis'
import { asStored, MAX_SEQ } from '../pets-check'
import { type Change, type PetStore, StoreError } from '../store'
import { type KnownPet, KnownPets } from './known-pets'
import { redisStoreError } from './redis-error'
import { KEYS } from './redis-keys'
import { changeScript, createScript, pageBackScript, pageScript } from './redis-scripts'
import { newRevision } from './revision'
import { Turns } from './turns'

/** How many pets a process remembers as it saw them last. */
const KNOWN_PETS = 10_000

/** How many pets one script reads at most: a millisecond or two of Redis's time, and below what Lua can unpack. */
const PAGE_SIZE = 1_000

/** A list of more pets than this is not kept in memory. */
const KEPT_LIST = 10_000

/** A store in Redis, to be shared by any number of processes on any number of machines. */
export function createRedisStore(redis: SharedRedis): PetStore {
  return new RedisStore(redis)
}

const createReply = z.string()
const changeReply = z.union([z.literal(1), z.string(), z.null()])
const pageReply = z.array(z.string().nullable())

/** What a change makes of a pet. */
type Decision = { verb: 'keep'; error?: unknown } | { verb: 'remove' } | { verb: 'set'; text: string; pet: StoredPet }

/** A list of all pets at some revision. */
interface Listing {
  revision: string
  pets: Promise<readonly StoredPet[]>
}

class RedisStore implements PetStore {
  readonly #redis: SharedRedis
  readonly #known = new KnownPets(KNOWN_PETS)
  readonly #turns = new Turns()
  #listing: Listing | null = null
  #nextId = 1

  constructor(redis: SharedRedis) {
    this.#redis = redis
  }

  async get(id: string): Promise<StoredPet | null> {
    return (await this.#fetch(id))?.pet ?? null
  }

  async revision(): Promise<string> {
    return (await this.#run((redis) => redis.get(KEYS.revision))) ?? '0'
  }

  async list(): Promise<readonly StoredPet[]> {
    const revision = await this.revision()
    if (this.#listing?.revision === revision) return this.#listing.pets
    // Whoever finds the same revision meanwhile reads along.
    const listing = { revision, pets: this.#readPages(pageScript, KEYS.ids, '0', Number.POSITIVE_INFINITY) }
    this.#listing = listing
    const forget = () => {
      if (this.#listing === listing) this.#listing = null
    }
    listing.pets.then((pets) => pets.length > KEPT_LIST && forget(), forget)
    return listing.pets
  }

  async page(after: string | null, limit: number, which: 'all' | 'unfinished' = 'all'): Promise<readonly StoredPet[]> {
    return this.#readPages(pageScript, which === 'all' ? KEYS.ids : KEYS.unfinished, after ?? '0', limit)
  }

  async newest(limit: number): Promise<readonly StoredPet[]> {
    return (await this.#readPages(pageBackScript, KEYS.ids, '+inf', limit)).reverse()
  }

  async create(make: (id: string) => StoredPet): Promise<StoredPet> {
    // Most likely the next id; the script puts the right one in its place.
    const guess = String(Math.min(this.#nextId, MAX_SEQ - 1))
    const pet = asStored(guess, make(guess))
    const { id: _, ...fields } = pet
    const rest = JSON.stringify(fields).slice(1)
    const flag = isUnfinished(pet) ? '1' : '0'
    const { all, ids, unfinished, revision, copying, seq } = KEYS
    const id = await this.#run(async (redis) =>
      createReply.parse(
        await createScript(
          redis,
          [all, ids, unfinished, revision, copying, seq],
          [rest, flag, MAX_SEQ - 1, newRevision()],
        ),
      ),
    )
    this.#nextId = Number(id) + 1
    return this.#known.learn(id, `{"id":"${id}",${rest}`).pet
  }

  async update(id: string, change: (pet: StoredPet) => StoredPet): Promise<Change | null> {
    const done = await this.#change(id, (pet) => {
      const changed = change(pet)
      if (changed === pet) return { verb: 'keep' }
      const after = asStored(id, changed)
      return { verb: 'set', text: JSON.stringify(after), pet: after }
    })
    return done && { before: done.before, after: done.after }
  }

  async remove(id: string, condition: (pet: StoredPet) => boolean): Promise<StoredPet | null> {
    const done = await this.#change(id, (pet) => ({ verb: condition(pet) ? 'remove' : 'keep' }))
    return done?.verb === 'remove' ? done.before : null
  }

  /**
   * Decides on the pet as this process saw it last, and lets Redis do it if that is how the pet still is; where it is not,
   * decides again on what it is. So the rules are here and none in Redis, and no change is made on top of one not seen.
   */
  async #change(
    id: string,
    decide: (pet: StoredPet) => Decision,
  ): Promise<(Change & { verb: Decision['verb'] }) | null> {
    return this.#turns.take(id, async () => {
      let known: KnownPet | null = this.#known.get(id) ?? (await this.#fetch(id))
      while (known) {
        const { pet, text } = known
        const decision = decideSafely(pet, decide)
        const reply = await this.#send(id, text, decision)
        if (reply === 1) return this.#finish(id, known, decision)
        known = this.#learn(id, reply)
      }
      return null
    })
  }

  #finish(id: string, { pet: before }: KnownPet, decision: Decision): Change & { verb: Decision['verb'] } {
    const { verb } = decision
    if (verb === 'keep') {
      if ('error' in decision) throw decision.error
      return { verb, before, after: before }
    }
    if (verb === 'remove') {
      this.#known.forget(id)
      return { verb, before, after: before }
    }
    return { verb, before, after: this.#known.learn(id, decision.text).pet }
  }

  #send(id: string, text: string, decision: Decision): Promise<1 | string | null> {
    const { all, ids, unfinished, revision, copying } = KEYS
    const [next, flag] = decision.verb === 'set' ? [decision.text, isUnfinished(decision.pet) ? '1' : '0'] : ['', '0']
    const args = [id, text, decision.verb, next, flag, newRevision()]
    return this.#run(async (redis) =>
      changeReply.parse(await changeScript(redis, [all, ids, unfinished, revision, copying], args)),
    )
  }

  async #fetch(id: string): Promise<KnownPet | null> {
    return this.#learn(id, await this.#run((redis) => redis.hget(KEYS.all, id)))
  }

  #learn(id: string, text: string | null): KnownPet | null {
    if (text !== null) return this.#known.learn(id, text)
    this.#known.forget(id)
    return null
  }

  /** So many pets from an id on, in the direction of the script. */
  async #readPages(script: Script, ids: string, from: string, limit: number): Promise<StoredPet[]> {
    const pets: StoredPet[] = []
    while (pets.length < limit) {
      const size = Math.min(PAGE_SIZE, limit - pets.length)
      const start = pets.at(-1)?.id ?? from
      const texts = await this.#run(async (redis) =>
        pageReply.parse(await script(redis, [KEYS.all, ids], [start, size])),
      )
      for (const text of texts) {
        if (text === null) throw new StoreError('STORE_INVALID', 'Redis lists a pet that is not there')
        pets.push(this.#known.read(text))
      }
      if (texts.length < size) break
    }
    return pets
  }

  async #run<T>(commands: (redis: Redis) => Promise<T>): Promise<T> {
    try {
      return await this.#redis.run(commands)
    } catch (error) {
      if (error instanceof Error && error.message.startsWith('NOIDS')) {
        throw new StoreError('STORE_FULL', 'There are no ids left', { cause: error })
      }
      throw redisStoreError(error)
    }
  }
}

/** A change that throws may have been given a pet that is different by now: Redis is asked first, then it counts. */
function decideSafely(pet: StoredPet, decide: (pet: StoredPet) => Decision): Decision {
  try {
    return decide(pet)
  } catch (error) {
    return { verb: 'keep', error }
  }
}
