import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { keyOf } from '../../src/audit/audit'
import type { OwedEvent, Pet } from '../../src/pets/pet'
import { buildCreate } from '../store/build-pet'
import { auditKeyOf, JOB_TOPICS, type Shop } from './shop'

/** What the outside asked of a shop, or was told by it. */
export type Fact =
  /** A change of the pet of that name is under way, or was acknowledged. */
  | { kind: 'asked'; pet: string; state: string }
  | { kind: 'acked'; pet: string; id: string; events: readonly OwedEvent[] }
  /** The job of that pet was done; an event was written into the audit trail. */
  | { kind: 'fed'; id: string }
  | { kind: 'audited'; key: string }
  /** A reader of the audit trail did not get an event that was in it. */
  | { kind: 'missed'; key: string }
  /** The event is a dead letter; somebody is about to retry it. */
  | { kind: 'letter' | 'retrying'; event: string }
  /** A run of a cron step was over. */
  | { kind: 'ran'; tick: number }
  /** An editor has raised `seq` in the data file. */
  | { kind: 'raised'; seq: number }

/** What a client can tell of a pet that it may have changed; `missing` before it is created and once it is purged. */
export const stateOf = (pet: Pet | undefined): string => (pet ? `${pet.ageMonths} ${pet.status}` : 'missing')

/** The body of each create, which names the pet. */
export const newPet = (name: string) => buildCreate({ name, ageMonths: 0 })

/** Returns the name of a pet that is created with the `Idempotency-Key` of that one, once this has expired. */
export const successorOf = (name: string): string => `${name}-again`

/** Returns the `Idempotency-Key` of the create of that pet. */
export const createKeyOf = (name: string): string => name.replace(/-again$/, '')

/** The cron step whose runs are facts. */
export const CRON_STEP = 'Reaper'

interface PetPromise {
  /** All that it was to become, in the order of time. */
  states: string[]
  /** The index of the last one that was acknowledged. */
  acked: number
  id: string | null
}

/** What a shop owes to the outside, from what that was told. */
export class Promises {
  readonly #pets = new Map<string, PetPromise>()
  readonly #fed = new Set<string>()
  readonly #audited = new Set<string>()
  readonly #missed: string[] = []
  /** What has to be in the audit trail at the end. */
  readonly #audits = new Set<string>()
  readonly #jobs = new Map<string, { id: string; key: string }>()
  readonly #letters = new Set<string>()
  readonly #ticks = new Set<number>()
  /** The value to which an editor has raised `seq`. */
  #seq = 0

  constructor(facts: Iterable<Fact> = []) {
    for (const fact of facts) this.add(fact)
  }

  add(fact: Fact): void {
    switch (fact.kind) {
      case 'asked': {
        const promise = this.#pets.get(fact.pet) ?? { states: [stateOf(undefined)], acked: 0, id: null }
        this.#pets.set(fact.pet, promise)
        promise.states.push(fact.state)
        break
      }
      case 'acked': {
        const promise = this.#pets.get(fact.pet)
        if (!promise) throw new Error(`Nobody has asked for ${fact.pet}`)
        promise.acked = promise.states.length - 1
        promise.id = fact.id
        for (const event of fact.events) this.#owe(event)
        break
      }
      case 'fed':
        this.#fed.add(fact.id)
        break
      case 'audited':
        this.#audited.add(fact.key)
        break
      case 'missed':
        this.#missed.push(fact.key)
        break
      case 'letter':
        this.#letters.add(fact.event)
        break
      case 'retrying':
        this.#letters.delete(fact.event)
        break
      case 'ran':
        this.#ticks.add(fact.tick)
        break
      case 'raised':
        this.#seq = fact.seq
        break
    }
  }

  /** Returns what differs from what was acknowledged, before interrupted work continues. */
  async brokenAtStart(shop: Pick<Shop, 'pets' | 'engine'>, dataDir: string): Promise<string[]> {
    const problems = await this.#brokenPets(shop.pets)
    for (const key of this.#missed) problems.push(`a reader of the audit trail has missed ${key}`)
    const lines = new Set(auditKeys(dataDir))
    for (const key of this.#audited) if (!lines.has(key)) problems.push(`not in the audit trail any more: ${key}`)
    const letters = await shop.engine.deadLetters.list()
    for (const event of this.#letters) {
      if (!letters.some((letter) => letter.event.id === event)) problems.push(`the dead letter of ${event} is gone`)
    }
    for (const tick of this.#ticks) {
      const run = await shop.engine.leases.begin(CRON_STEP, tick)
      if (run === 'done') continue
      problems.push(`the cron run of ${tick} would run again`)
      if (run !== 'held') await run.release()
    }
    return problems
  }

  /** Returns what is wrong once all interrupted work has been completed. */
  async brokenAtEnd({ pets, engine }: Pick<Shop, 'pets' | 'engine'>, dataDir: string): Promise<string[]> {
    const problems = await this.#brokenPets(pets)
    const lines = auditKeys(dataDir)
    const known = new Set(lines)
    if (known.size < lines.length) problems.push(`${lines.length - known.size} events are twice in the audit trail`)
    for (const key of this.#audits) if (!known.has(key)) problems.push(`not in the audit trail: ${key}`)
    const ids = new Set((await pets.list()).map(({ id }) => id))
    const letters = await engine.deadLetters.list()
    for (const [event, { id, key }] of this.#jobs) {
      const isDone = known.has(key) || letters.some((letter) => letter.event.id === event)
      if (!isDone && ids.has(id)) problems.push(`the job of pet ${id} was neither done nor is it a dead letter: ${key}`)
    }
    problems.push(...(await this.#repeatedCreates(pets)))
    const taken = Array.from(this.#pets.values(), ({ id }) => Number(id ?? 0))
    const { pet } = await pets.create(newPet('next'), () => [])
    if (Number(pet.id) <= Math.max(0, ...taken)) problems.push(`the id ${pet.id} was given twice`)
    if (Number(pet.id) < this.#seq) problems.push(`the id ${pet.id} is below ${this.#seq}, the seq of an editor`)
    return problems
  }

  /**
   * Sends the create of each pet that there is once more, as a client does that got no response, unless another pet has
   * its key by now.
   */
  async #repeatedCreates(pets: Shop['pets']): Promise<string[]> {
    const list = await pets.list()
    const repeat = async ({ id, name }: Pet): Promise<string[]> => {
      const { pet } = await pets.create(newPet(name), () => [], createKeyOf(name))
      return pet.id === id ? [] : [`${name}, which is pet ${id}, was created again as pet ${pet.id}`]
    }
    const names = new Set(list.map(({ name }) => name))
    const holders = list.filter(({ name }) => !names.has(successorOf(name)))
    return (await Promise.all(holders.map(repeat))).flat()
  }

  async #brokenPets(pets: Shop['pets']): Promise<string[]> {
    let list: Pet[]
    try {
      list = await pets.list()
    } catch (error) {
      return [`the pets cannot be read: ${error}`]
    }
    const problems = list.filter(({ name }) => !this.#pets.has(name)).map(({ name }) => `nobody created ${name}`)
    for (const [name, { states, acked, id }] of this.#pets) {
      const pet = list.find((one) => one.name === name)
      const state = stateOf(pet)
      if (!states.slice(acked).includes(state))
        problems.push(`${name} is ${state}, not ${states.slice(acked).join(' or ')}`)
      if (pet && id !== null && pet.id !== id) problems.push(`${name} has the id ${pet.id}, not ${id}`)
      if (pet && this.#fed.has(pet.id) && !pet.notes)
        problems.push(`the job of ${name} was done, and its notes are gone`)
    }
    return problems
  }

  #owe(event: OwedEvent): void {
    const key = auditKeyOf(event)
    if (JOB_TOPICS.includes(event.topic)) this.#jobs.set(event.id, { id: String(event.data.petId), key })
    else this.#audits.add(key)
  }
}

/** The events in the audit trail, without damaged lines. */
const auditKeys = (dataDir: string): string[] => {
  let text: string
  try {
    text = readFileSync(join(dataDir, 'audit.jsonl'), 'utf8')
  } catch {
    return []
  }
  return text.split('\n').flatMap((line) => {
    try {
      return [keyOf(JSON.parse(line))]
    } catch {
      return []
    }
  })
}
