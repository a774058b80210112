import type { MotiaPluginContext } from 'motia'
import { ItemStream } from 'motia-runtime'
import type { Audit, AuditLine } from '../audit/audit'
import type { Pet } from '../pets/pet'
import type { PetStore } from '../store/store'
import { GROUP, RESET, STREAMS, type StoreStatus } from './live'
import { readNews } from './news'

/**
 * How often to check the store and the audit trail, in ms: people may edit the files, and other servers may share them.
 */
const LOOK_MS = 250

/** How often the pages get a heartbeat from the server, in ms. */
const HEARTBEAT_MS = 2_000

/** How many lines of the audit trail the pages get. */
const AUDIT_LINES = 1_000

/** The streams of the Pets tab: pets, audit trail, and state of the store. */
export class LiveStreams {
  readonly pets = new ItemStream<Pet>({ name: STREAMS.pets, group: GROUP, reset: RESET })
  readonly audit = new ItemStream<AuditLine>({ name: STREAMS.audit, group: GROUP, reset: RESET })
  readonly status = new ItemStream<StoreStatus>({ name: STREAMS.status, group: GROUP })
  #revision: string | undefined
  #trailEnd: string | undefined
  #lines: AuditLine[] = []
  #status: StoreStatus = { id: 'store', problem: null, isPart: false, at: 0 }

  constructor(
    private readonly store: PetStore,
    private readonly trail: Audit,
  ) {}

  /** Pushes what changed since the last call. `now` is epoch ms. */
  async look(now: number): Promise<void> {
    const { revision, pets, isPart = this.#status.isPart, problem = null } = await readNews(this.store, this.#revision)
    this.#revision = revision
    if (pets) await this.pets.show(pets)
    await this.#lookAtTrail()
    const isChanged = problem !== this.#status.problem || isPart !== this.#status.isPart
    if (!isChanged && now - this.#status.at < HEARTBEAT_MS) return
    this.#status = { id: 'store', problem, isPart, at: now }
    await this.status.show([this.#status])
  }

  async #lookAtTrail(): Promise<void> {
    // If the trail cannot be read, it has no news. The store says why.
    const news = await this.trail.readAfter(this.#trailEnd).catch(() => null)
    if (!news) return
    this.#trailEnd = news.end
    if (!news.isNew && news.lines.length === 0) return
    this.#lines = [...(news.isNew ? [] : this.#lines), ...news.lines].slice(-AUDIT_LINES)
    await this.audit.show(this.#lines)
  }

  /** Registers the streams with Motia, and keeps them up to date while the server runs. */
  register(lockedData: MotiaPluginContext['lockedData']): void {
    for (const stream of [this.pets, this.audit, this.status]) stream.register(lockedData)
    const lookAgain = async () => {
      await this.look(Date.now()).catch((error) => console.error('The Pets tab was not updated:', error))
      setTimeout(lookAgain, LOOK_MS).unref()
    }
    void lookAgain()
  }
}
