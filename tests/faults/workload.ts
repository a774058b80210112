import { join } from 'node:path'
import { type FileCalls, writeAll } from 'motia-runtime'
import { z } from 'zod'
import { aroundCalls } from '../../packages/motia-runtime/tests/files/watched-calls'
import { keyOf } from '../../src/audit/audit'
import type { OwedEvent, Pet } from '../../src/pets/pet'
import { StoreError } from '../../src/store/store'
import { waitFor } from '../support/wait-for'
import { CRON_STEP, createKeyOf, type Fact, newPet, stateOf, successorOf } from './promises'
import { EVENTS, openShop, type Shop } from './shop'

/** The pet that only an editor changes. */
const EDITED = 'edited'

export interface WorkloadOptions {
  dataDir: string
  calls: FileCalls
  /** Those of the editor, which never fail. */
  editorCalls: FileCalls
  note: (fact: Fact) => void
  clients: number
  /** How many servers share the folder. */
  servers: number
  /** Names the pets of this run. */
  run: number
  /** Whether the servers stop only once everything is done. Otherwise they leave work to the next run, such as a retry. */
  isLast: boolean
  /** Told why a request was refused; a request that is refused ends the workload unless this is given. */
  onRefused?: (error: unknown) => void
  /** Called when no client has anything left to do, before the servers are idle. */
  afterwards?: (shop: Shop) => Promise<void>
}

/** How long to wait for something that may never come, since requests are refused, in ms. */
const IMPATIENCE_MS = 300

const { created, deleted, purged } = EVENTS

/**
 * Runs servers from start to stop. Clients create, change, delete, restore and purge pets at the same time, jobs fail and are
 * retried, and an editor edits the file.
 */
export const runWorkload = async (options: WorkloadOptions): Promise<void> => {
  const { dataDir, calls, editorCalls, note, clients, servers, run, isLast, onRefused, afterwards } = options
  const failures = new Map<string, Error>()
  const audited = new Set<string>()
  const timeout = onRefused ? IMPATIENCE_MS : 10_000
  const editor = new Editor(dataDir, editorCalls, timeout)
  const shops: Shop[] = []
  try {
    while (shops.length < servers) {
      const server = shops.length
      const reader = new TrailReader(note)
      const shop = await openShop({
        dataDir,
        calls: aroundCalls((name, _, make) => {
          if (name === 'swapSync') editor.beforeSwap()
          return make()
        }, calls),
        failureOf: (id) => failures.get(id),
        onFed: (id) => note({ kind: 'fed', id }),
        onAudited: (key) => {
          note({ kind: 'audited', key })
          audited.add(key)
          const opened = shops[server]
          if (opened) void reader.read(opened, audited)
        },
      })
      shops.push(shop)
    }
    const [first] = shops
    if (!first) return
    const all = Array.from({ length: clients }, (_, index) =>
      runClient(shops[index % servers] ?? first, {
        name: `pet-${run}-${index}`,
        index,
        note,
        failures,
        isLast,
        timeout,
      }),
    )
    const others = [runCron(first, note, run), editByHand(first, editor, `${EDITED}-${run}`, note)]
    await Promise.all([...all, ...others].map((work) => (onRefused ? work.catch(onRefused) : work)))
    await afterwards?.(first)
    if (isLast) for (const shop of shops) await shop.idle()
  } finally {
    for (const shop of shops) await shop.stop()
  }
}

interface ClientOptions {
  name: string
  index: number
  note: (fact: Fact) => void
  /** The error with which a pet's job fails, by pet. */
  failures: Map<string, Error>
  isLast: boolean
  /** How long it waits for a dead letter, in ms. */
  timeout: number
}

const runClient = async (shop: Shop, options: ClientOptions): Promise<void> => {
  const { name, index, note, failures, isLast, timeout } = options
  /** Makes a change, and does what its step does: respond and emit. */
  const change = async (
    state: string,
    make: () => Promise<{ pet: Pet; events: readonly OwedEvent[] } | null>,
    pet = name,
  ): Promise<{ pet: Pet; events: readonly OwedEvent[] } | null> => {
    note({ kind: 'asked', pet, state })
    const result = await make()
    if (!result) return null
    note({ kind: 'acked', pet, id: result.pet.id, events: result.events })
    if (index % 5 === 4) failures.set(result.pet.id, new Error('The job fails'))
    await shop.emit(result.events)
    return result
  }
  const { pets, later } = shop
  const create = (by: Shop['pets'], pet: string) =>
    change('0 new', () => by.create(newPet(pet), created, createKeyOf(pet)), pet)
  const first = await create(pets, name)
  if (!first) return
  const { id } = first.pet
  for (const ageMonths of [1, 2]) await change(`${ageMonths} new`, () => pets.update({ id }, { ageMonths }, EVENTS))
  if (index % 5 === 0) await create(later, successorOf(name))
  if (index % 2 === 1) await change('2 deleted', () => pets.softDelete({ id }, deleted))
  if (index % 4 === 1)
    await change('3 available', () => pets.update({ id }, { status: 'available', ageMonths: 3 }, EVENTS))
  if (index % 4 === 3) await change(stateOf(undefined), () => later.purge(id, purged))
  const repair = () => {
    failures.delete(id)
    if (!isLast) failures.set(id, new StoreError('STORE_UNAVAILABLE', 'The job fails for now'))
  }
  if (index % 10 !== 4) return
  const event = first.events[1]?.id ?? ''
  const find = async () => (await shop.engine.deadLetters.list()).find((letter) => letter.event.id === event)
  const letter = await waitFor(find, { what: 'the dead letter', interval: 1, timeout })
  note({ kind: 'letter', event })
  repair()
  note({ kind: 'retrying', event })
  await shop.engine.deadLetters.retry(letter.id)
}

const runCron = async ({ engine }: Shop, note: (fact: Fact) => void, tick: number): Promise<void> => {
  const run = await engine.leases.begin(CRON_STEP, tick)
  if (run === 'held' || run === 'done') return
  await run.end()
  note({ kind: 'ran', tick })
}

/** Reads the audit trail as the Pets tab does: each time, what has been added. */
class TrailReader {
  readonly #got = new Set<string>()
  readonly #note: (fact: Fact) => void
  #end: string | undefined

  constructor(note: (fact: Fact) => void) {
    this.#note = note
  }

  /** Reads on, and records which events of the trail it did not get. */
  async read({ audit }: Shop, audited: ReadonlySet<string>): Promise<void> {
    const expected = [...audited]
    const news = await audit.readAfter(this.#end).catch(() => null)
    if (!news) return
    this.#end = news.end
    if (news.isNew) this.#got.clear()
    for (const line of news.lines) this.#got.add(keyOf(line))
    for (const key of expected) if (!this.#got.has(key)) this.#note({ kind: 'missed', key })
  }
}

const fileSchema = z.looseObject({
  seq: z.number(),
  pets: z.record(z.string(), z.looseObject({ name: z.string(), ageMonths: z.number(), status: z.string() })),
})

/** Makes an edit. Returns false if that is not possible yet. */
type Edit = (file: z.infer<typeof fileSchema>) => boolean

/** Edits the data file, and saves as editors do: durably, in a file that takes the place of the old one. */
class Editor {
  readonly #path: string
  #beforeSwap = () => false

  constructor(
    private readonly dataDir: string,
    private readonly calls: FileCalls,
    /** How long it waits for a chance to save, in ms. */
    private readonly timeout: number,
  ) {
    this.#path = join(dataDir, 'pets.json')
  }

  /** Called when a server is about to exchange the file. */
  beforeSwap(): void {
    const save = this.#beforeSwap
    this.#beforeSwap = () => false
    save()
  }

  /** Resolves once the edit is saved. */
  save(edit: Edit, moment: 'now' | 'before a swap', onSave: () => void): Promise<unknown> {
    let isSaved = false
    const save = () => {
      isSaved ||= this.#save(edit, onSave)
      return isSaved
    }
    if (moment === 'before a swap') this.#beforeSwap = save
    return waitFor(moment === 'now' ? save : () => isSaved, {
      what: 'the edit to be saved',
      interval: 1,
      timeout: this.timeout,
    })
  }

  #save(edit: Edit, onSave: () => void): boolean {
    const { calls, dataDir } = this
    let text: string
    try {
      text = calls.readFileSync(this.#path, 'utf8')
    } catch {
      return false
    }
    const file = fileSchema.parse(JSON.parse(text))
    if (!edit(file)) return false
    onSave()
    const fd = calls.openSync(`${this.#path}~`, 'w')
    writeAll(calls, fd, Buffer.from(JSON.stringify(file)))
    const now = Date.now() / 1_000
    calls.futimesSync(fd, now, now)
    calls.fsyncSync(fd)
    calls.closeSync(fd)
    calls.renameSync(`${this.#path}~`, this.#path)
    const folder = calls.openSync(dataDir, 'r')
    calls.fsyncSync(folder)
    calls.closeSync(folder)
    return true
  }
}

/** How much an editor raises `seq`. */
const LEAP = 1_000

/**
 * A person edits their own pet: at any time, and right before a server exchanges the file. Then they raise `seq`. Finally they
 * remove the pet.
 */
const editByHand = async (shop: Shop, editor: Editor, name: string, note: (fact: Fact) => void): Promise<void> => {
  note({ kind: 'asked', pet: name, state: '0 new' })
  const { pet } = await shop.pets.create(newPet(name), () => [], name)
  const onAcked = () => note({ kind: 'acked', pet: name, id: pet.id, events: [] })
  onAcked()
  let ageMonths = 0
  for (const moment of ['now', 'before a swap'] as const) {
    ageMonths += 1
    const state = `${ageMonths} new`
    const edit: Edit = (file) => {
      const edited = file.pets[pet.id]
      if (edited) edited.ageMonths = ageMonths
      return edited !== undefined
    }
    const saved = editor.save(edit, moment, () => note({ kind: 'asked', pet: name, state }))
    // So that there is a change with which to update the file.
    await Promise.all([saved, shop.pets.update({ id: pet.id }, { species: 'bird' }, EVENTS)])
    onAcked()
  }
  let seq = 0
  const raise: Edit = (file) => {
    seq = file.seq + LEAP
    file.seq = seq
    return true
  }
  await editor.save(raise, 'now', () => {})
  note({ kind: 'raised', seq })
  const remove: Edit = (file) => delete file.pets[pet.id]
  await editor.save(remove, 'now', () => note({ kind: 'asked', pet: name, state: stateOf(undefined) }))
  onAcked()
}
