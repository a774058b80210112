import type { MotiaPluginContext } from 'motia'
import type { Audit } from '../audit/audit'
import type { PetStore } from '../store/store'
import { ItemStream } from './item-stream'
import { type AuditLine, type PetItem, STREAMS, type StoreStatus } from './live'
import { type Known, readNews } from './news'

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
  readonly pets = new ItemStream<PetItem>(STREAMS.pets)
  readonly audit = new ItemStream<AuditLine>(STREAMS.audit)
  readonly status = new ItemStream<StoreStatus>(STREAMS.status)
  readonly #store: PetStore
  readonly #trail: Audit
  #known: Known = { revision: undefined, end: undefined }
  #lines: AuditLine[] = []
  #status: StoreStatus = { id: 'store', problem: null, isPart: false, at: 0 }

  constructor(store: PetStore, trail: Audit) {
    this.#store = store
    this.#trail = trail
  }

  /** Pushes what changed since the last call. `now` is epoch ms. */
  async look(now: number): Promise<void> {
    const { store, audit } = await readNews(this.#store, this.#trail, this.#known)
    this.#known = { revision: store.revision, end: audit.end }
    if (store.pets) await this.pets.show(store.pets)
    if (audit.isNew || audit.lines.length > 0) {
      const added = audit.lines.map(({ key, ...line }) => ({ ...line, id: key }))
      this.#lines = [...(audit.isNew ? [] : this.#lines), ...added].slice(-AUDIT_LINES)
      await this.audit.show(this.#lines)
    }
    const { isPart = this.#status.isPart, error: problem = null } = store
    const isChanged = problem !== this.#status.problem || isPart !== this.#status.isPart
    if (!isChanged && now - this.#status.at < HEARTBEAT_MS) return
    this.#status = { id: 'store', problem, isPart, at: now }
    await this.status.show([this.#status])
  }

  /** Registers the streams with Motia, and keeps them up to date while the server runs. */
  register(lockedData: MotiaPluginContext['lockedData']): void {
    for (const [name, stream] of [
      [STREAMS.pets, this.pets],
      [STREAMS.audit, this.audit],
      [STREAMS.status, this.status],
    ] as const) {
      const factory = () => stream
      // Motia wraps the result of the factory, so that `set` and `delete` push.
      lockedData.createStream({
        filePath: `${name}.ts`,
        hidden: true,
        config: { name, schema: { type: 'null' }, baseConfig: { storageType: 'custom', factory } },
      })()
    }
    const lookAgain = async () => {
      await this.look(Date.now()).catch((error) => console.error('The Pets tab was not updated:', error))
      setTimeout(lookAgain, LOOK_MS).unref()
    }
    void lookAgain()
  }
}
