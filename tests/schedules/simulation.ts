import type { Scheduler } from 'fast-check'
import type { FileCalls } from 'motia-runtime'
import { keyOf } from '../../src/audit/audit'
import { type OwedEvent, type Pet, PetNotFoundError } from '../../src/pets/pet'
import { auditKeyOf, EVENTS, openShop, type Shop } from '../faults/shop'
import { History } from '../histories/clients'
import { type PetCall, seenOf } from '../histories/pet-history'
import { buildCreate } from '../store/build-pet'
import { Crashed, type DiskProcess, SimDisk } from './sim-disk'

/** What a client does next. Changes and reads concern the pet that was created last. */
export type Action = 'create' | 'update' | 'delete' | 'restore' | 'read'

/** A crash at some moment: a server is killed, or the power fails, and what was running is started again. */
export type Crash = 'kill 0' | 'kill 1' | 'power cut'

/** The plan of a simulation. */
export interface Plan {
  /** What each client does, one after the other. */
  clients: readonly (readonly Action[])[]
  crashes: readonly Crash[]
}

/** What a simulation needs of its clock. */
export interface SimClock {
  /** Lets all that is ready run, until everything waits for the disk or the clock. */
  settle(): Promise<void>
  /** Moves on to the next timer, and runs it. */
  tick(): void
}

const DATA_DIR = '/data'
const SERVERS = [0, 1]

/** How many moments a simulation may take until every event is handled. */
const MOST_STEPS = 20_000

const FIELDS = { delete: { status: 'deleted' }, restore: { status: 'new' } } as const

interface SimServer {
  process: DiskProcess
  /** Missing while it starts. */
  shop?: Shop
}

/** Two servers on one simulated disk, clients, and crashes, in the order that the scheduler chooses. */
class Simulation {
  readonly #later: (what: string) => Promise<void>
  readonly #mutate: (calls: FileCalls) => FileCalls
  readonly #disk: SimDisk
  readonly #servers: SimServer[] = []
  readonly #history = new History()
  /** The keys of the lines that the audit trail must have at the end. */
  readonly #due = new Set<string>()
  #now = 0

  constructor(scheduler: Scheduler, mutate: (calls: FileCalls) => FileCalls) {
    this.#later = (what) => scheduler.schedule(Promise.resolve(), what)
    this.#mutate = mutate
    this.#disk = new SimDisk(this.#later)
  }

  /** Resolves once all clients have ended, and everything that crashed is running again. */
  async run({ clients, crashes }: Plan): Promise<void> {
    await Promise.all(SERVERS.map((index) => this.#start(index)))
    await Promise.all([
      ...clients.map((actions, index) => this.#runClient(index, actions)),
      ...crashes.map((crash) => this.#crash(crash)),
    ])
  }

  /** Whether every event is handled, and settled. */
  async isIdle(): Promise<boolean> {
    for (const { shop } of this.#servers) {
      const queues = await shop?.engine.queues()
      if (!shop || queues?.some(({ waiting, active, delayed }) => waiting + active + delayed > 0)) return false
      if ((await shop.store.page(null, 1, 'owing')).length > 0) return false
    }
    return true
  }

  /** Returns what is wrong at the end. */
  async problems(): Promise<string[]> {
    for (const [server, { shop }] of this.#servers.entries()) {
      const pets = (await shop?.pets.list()) ?? []
      const saw = new Map(pets.map((pet) => [pet.id, seenOf(pet)]))
      this.#history.addList({ calledAt: ++this.#now, returnedAt: ++this.#now, server, saw })
    }
    const keys = this.#auditKeys()
    return [
      ...SERVERS.flatMap((server) => this.#history.problem(server) ?? []),
      ...[...this.#due].filter((key) => !keys.includes(key)).map((key) => `Missing in the audit trail: ${key}`),
      ...keys.filter((key, at) => keys.indexOf(key) < at).map((key) => `Twice in the audit trail: ${key}`),
    ]
  }

  /** Ends the servers. */
  end(): void {
    this.#disk.cutPower()
  }

  async #start(index: number): Promise<void> {
    const server: SimServer = { process: this.#disk.start(`server ${index}`) }
    this.#servers[index] = server
    const calls = this.#mutate(server.process.calls)
    const opened = openShop({ dataDir: DATA_DIR, calls, jobRetries: 3 }).then(
      (shop) => {
        server.shop = shop
      },
      (error) => {
        if (!(error instanceof Crashed)) throw error
      },
    )
    await Promise.race([opened, server.process.crashed])
  }

  async #crash(what: Crash): Promise<void> {
    await this.#later(what)
    const ended = what === 'power cut' ? SERVERS : SERVERS.filter((index) => what === `kill ${index}`)
    if (what === 'power cut') this.#disk.cutPower()
    for (const index of ended) this.#servers[index]?.process.crash()
    await Promise.all(ended.map((index) => this.#later(`start server ${index}`).then(() => this.#start(index))))
  }

  async #runClient(client: number, actions: readonly Action[]): Promise<void> {
    for (const [number, action] of actions.entries()) {
      await this.#later(`client ${client}: ${action}`)
      const index = (client + number) % SERVERS.length
      const server = this.#servers[index]
      if (server?.shop) await this.#request(index, server.process, server.shop, action, `${client}-${number}`)
    }
  }

  async #request(server: number, process: DiskProcess, shop: Shop, action: Action, name: string): Promise<void> {
    const calledAt = ++this.#now
    const record = (id: string, call: PetCall, isAnswered = true) =>
      this.#history.add(id, { call, calledAt, returnedAt: isAnswered ? ++this.#now : Number.POSITIVE_INFINITY, server })
    /** Resolves to the pet once its events are emitted; to null if the server crashes before. */
    const response = (work: Promise<{ pet: Pet; events: OwedEvent[] }>): Promise<Pet | null> => {
      const emitted = work.then(async ({ pet, events }) => {
        await shop.emit(events)
        for (const event of events) this.#due.add(auditKeyOf(event))
        return pet
      })
      return Promise.race([emitted, process.crashed.then(() => null)]).catch((error) => {
        if (error instanceof PetNotFoundError) throw error
        return null
      })
    }
    const id = this.#history.ids.at(-1)
    if (action === 'create' || id === undefined) {
      const pet = await response(shop.pets.create(buildCreate({ name, ageMonths: 0 }), EVENTS.created))
      const fields = { name, ageMonths: 0, status: 'new' }
      if (pet) record(pet.id, { kind: 'create', fields, saw: seenOf(pet) })
      else this.#history.unansweredCreates += 1
    } else if (action === 'read') {
      const pet = await response(shop.pets.get(id).then((found) => ({ pet: found, events: [] })))
      if (pet) record(id, { kind: 'read', saw: seenOf(pet) })
    } else {
      const fields = action === 'update' ? { name } : FIELDS[action]
      const pet = await response(shop.pets.update({ id }, fields, EVENTS))
      record(id, { kind: 'update', fields, ...(pet && { saw: seenOf(pet) }) }, pet !== null)
    }
  }

  #auditKeys(): string[] {
    const { calls } = this.#disk.start('checker')
    const path = `${DATA_DIR}/audit.jsonl`
    if (!calls.lstatSync(path, { throwIfNoEntry: false })) return []
    const lines = calls.readFileSync(path, 'utf8').split('\n').slice(0, -1)
    return lines.map((line) => keyOf(JSON.parse(line)))
  }
}

/**
 * Plays a plan, one moment at a time. Returns what was wrong at the end: a history that is not linearizable, an event that
 * is missing or there twice, or servers that do not come to rest.
 */
export const simulate = async (
  scheduler: Scheduler,
  clock: SimClock,
  plan: Plan,
  mutate: (calls: FileCalls) => FileCalls = (calls) => calls,
): Promise<string[]> => {
  const simulation = new Simulation(scheduler, mutate)
  let isOver = false
  const run = simulation.run(plan).then(() => {
    isOver = true
  })
  run.catch(() => {})
  try {
    let isTicking = false
    for (let step = 0; !(isOver && (await simulation.isIdle())); step++) {
      if (step > MOST_STEPS) return ['The servers do not come to rest']
      if (!isTicking) {
        isTicking = true
        void scheduler.schedule(Promise.resolve(), 'clock').then(() => {
          isTicking = false
          clock.tick()
        })
      }
      await scheduler.waitOne()
      await clock.settle()
      // Ends with the error if something has failed.
      await Promise.race([run, Promise.resolve()])
    }
    return await simulation.problems()
  } finally {
    simulation.end()
  }
}
