import { createHash } from 'node:crypto'
import { mkdirSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Random } from '../chaos/random'
import { type Entry, ROOT_NODE } from './recorder'

/** What a disk writes atomically, in bytes. A page of 4 KiB consists of such sectors, so torn pages are among the torn sectors. */
const SECTOR = 512

/** Up to how many renames, creations and removals that are not synced every combination is tried. */
const MAX_NAMES = 5

/** How many ways of tearing and of mixing one file or folder are tried at a time, beside the systematic ones. */
const RANDOM_MIXES = 2

/** How many sectors of one file are tried as the place where it is torn. */
const MAX_TEARS = 6

/** A file's content as a power cut leaves it. `mtime` is null if nobody has set it. */
interface FileState {
  bytes: Buffer
  mtime: number | null
  hash: string
}

type FolderState = ReadonlyMap<string, number>

/** A data folder as a power cut may leave it. */
export interface CutFolder {
  /** By path; null for a folder. */
  files: ReadonlyMap<string, FileState | null>
  /** How many entries of the log came before the power cut: the latest cut that leaves this folder. */
  cut: number
}

type FileEntry = Extract<Entry<unknown>, { kind: 'write' | 'truncate' | 'times' }>
type NamesEntry = Extract<Entry<unknown>, { kind: 'names' }>

interface Pending<Change> {
  change: Change
  index: number
  isLost?: boolean
}

/** What is on disk of a file or folder for certain, what may be, and every state tried of the two. */
interface NodeHistory<State, Change> {
  base: State
  pending: Pending<Change>[]
  variants: State[] | null
}

/**
 * Returns every folder, each once, that a power cut at any point of the log may leave, of a disk that promises no more than POSIX:
 *
 * - What was synced is there: the content, length and time of a file by its own sync, names by that of their folder.
 * - Of all else each change may be on disk or not, independently of others, also of earlier ones. Only changes of one name, and
 *   of one sector, reach the disk in their order; a rename, link or exchange is there whole or not at all.
 * - Writes tear between sectors, and a new length may be there without the data, which is zeros then.
 *
 * - What was written before a sync that failed may be missing for ever, whatever a later sync says. Names are not: a file system
 *   that cannot write them takes no more changes.
 *
 * Every state that ext4, XFS or btrfs leave is among these; they leave fewer.
 */
export function cutFolders(log: readonly Entry<unknown>[], random: Random): CutFolder[] {
  const found = new Map<string, CutFolder>()
  const disk = new Disk(random)
  for (let index = 0; index < log.length; index++) {
    const entry = log[index]
    if (!entry || entry.kind === 'fact') continue
    disk.add(entry, index)
    let cut = index + 1
    while (log[cut]?.kind === 'fact') cut += 1
    for (const files of disk.states()) found.set(hashOf(files), { files, cut })
  }
  return [...found.values()]
}

/** Writes the folder into an empty one. */
export function layOut(folder: string, { files }: CutFolder): void {
  for (const [path, file] of files) {
    if (!file) {
      mkdirSync(join(folder, path))
      continue
    }
    writeFileSync(join(folder, path), file.bytes)
    if (file.mtime !== null) utimesSync(join(folder, path), file.mtime, file.mtime)
  }
}

class Disk {
  readonly #files = new Map<number, NodeHistory<FileState, FileEntry>>()
  readonly #folders = new Map<number, NodeHistory<FolderState, NamesEntry>>([
    [ROOT_NODE, { base: new Map(), pending: [], variants: null }],
  ])

  constructor(private readonly random: Random) {}

  add(entry: Exclude<Entry<unknown>, { kind: 'fact' }>, index: number): void {
    if (entry.kind === 'sync') {
      sync(this.#files.get(entry.node), entry.upTo, applyToFile, isVoid)
      sync(this.#folders.get(entry.node), entry.upTo, applyToFolder)
    } else if (entry.kind === 'lost') {
      for (const pending of this.#files.get(entry.node)?.pending ?? []) {
        if (pending.index < entry.upTo && pending.change.kind === 'write') pending.isLost = true
      }
    } else if (entry.kind === 'names') {
      append(this.#folders, entry.node, new Map(), entry, index)
    } else {
      append(this.#files, entry.node, EMPTY, entry, index)
    }
  }

  /** Some of the states of the whole disk: each node in each of its states, with all others on disk or none of them, and mixes. */
  *states(): Generator<CutFolder['files']> {
    const nodes = [...this.#folders.keys(), ...this.#files.keys()].filter((node) => this.#count(node) > 1)
    const all = (node: number) => this.#count(node) - 1
    const none = () => 0
    yield this.#build(all)
    yield this.#build(none)
    for (const varied of nodes) {
      for (let variant = 0; variant < this.#count(varied); variant++) {
        for (const others of [all, none]) yield this.#build((node) => (node === varied ? variant : others(node)))
      }
    }
    for (let mix = 0; mix < RANDOM_MIXES; mix++) {
      const picked = new Map(nodes.map((node) => [node, this.random.int(0, this.#count(node) - 1)]))
      yield this.#build((node) => picked.get(node) ?? 0)
    }
  }

  /** The states of a node: the first without anything that is not synced, the last with all of it. */
  #count(node: number): number {
    return this.#fileStates(node)?.length ?? this.#folderStates(node)?.length ?? 0
  }

  #fileStates(node: number): FileState[] | undefined {
    const history = this.#files.get(node)
    if (history) history.variants ??= fileVariants(history, this.random)
    return history?.variants ?? undefined
  }

  #folderStates(node: number): FolderState[] | undefined {
    const history = this.#folders.get(node)
    if (history) history.variants ??= folderVariants(history, this.random)
    return history?.variants ?? undefined
  }

  #build(pick: (node: number) => number): CutFolder['files'] {
    const files = new Map<string, FileState | null>()
    const visit = (folder: number, path: string) => {
      for (const [name, node] of this.#folderStates(folder)?.[pick(folder)] ?? []) {
        const states = this.#fileStates(node)
        if (states) files.set(path + name, states[pick(node)] ?? EMPTY)
        else if (this.#folders.has(node)) {
          files.set(path + name, null)
          visit(node, `${path}${name}/`)
        } else files.set(path + name, EMPTY)
      }
    }
    visit(ROOT_NODE, '')
    return files
  }
}

function append<State, Change>(
  histories: Map<number, NodeHistory<State, Change>>,
  node: number,
  empty: State,
  change: Change,
  index: number,
): void {
  const history = histories.get(node) ?? { base: empty, pending: [], variants: null }
  histories.set(node, history)
  history.pending.push({ change, index })
  history.variants = null
}

function sync<State, Change>(
  history: NodeHistory<State, Change> | undefined,
  upTo: number,
  apply: (state: State, change: Change) => State,
  isVoid: (lost: Change, later: Change) => boolean = () => false,
): void {
  if (!history) return
  let left: Pending<Change>[] = []
  for (const pending of history.pending) {
    const { change, index, isLost } = pending
    if (index >= upTo || isLost) {
      left.push(pending)
      continue
    }
    history.base = apply(history.base, change)
    left = left.filter((lost) => !isVoid(lost.change, change))
  }
  history.pending = left
  history.variants = null
}

/** Whether nothing is left of what a write has lost: cut off or written over. */
const isVoid = (lost: FileEntry, later: FileEntry): boolean => {
  if (lost.kind !== 'write') return false
  if (later.kind === 'truncate') return later.size <= lost.at
  const end = lost.at + lost.bytes.length
  return later.kind === 'write' && later.at <= lost.at && later.at + later.bytes.length >= end
}

const fileState = (bytes: Buffer, mtime: number | null): FileState => ({
  bytes,
  mtime,
  hash: createHash('sha1').update(`${mtime} `).update(bytes).digest('hex'),
})

const EMPTY = fileState(Buffer.alloc(0), null)

function applyToFile({ bytes, mtime }: FileState, change: FileEntry): FileState {
  if (change.kind === 'times') return fileState(bytes, change.mtime)
  if (change.kind === 'truncate') return fileState(resize(bytes, change.size), mtime)
  const written = resize(bytes, Math.max(bytes.length, change.at + change.bytes.length))
  change.bytes.copy(written, change.at)
  return fileState(written, mtime)
}

/** A copy of another length: cut off, or with zeros at its end. */
function resize(bytes: Buffer, size: number): Buffer {
  const resized = Buffer.alloc(size)
  bytes.copy(resized)
  return resized
}

function fileVariants({ base, pending }: NodeHistory<FileState, FileEntry>, random: Random): FileState[] {
  // Each in the order of time: all that the file ever was since its sync.
  const versions = [base]
  for (const { change } of pending) versions.push(applyToFile(versions.at(-1) ?? base, change))
  const last = versions.at(-1) ?? base
  if (versions.length === 1) return versions
  const mixes: FileState[] = []
  const sectors = Math.ceil(last.bytes.length / SECTOR)
  const isChanged = (sector: number) => !sectorOf(base, sector).equals(sectorOf(last, sector))
  const changed = Array.from({ length: sectors }, (_, sector) => sector).filter(isChanged)
  // The length without the data.
  mixes.push(mix(last, () => base))
  while (changed.length > MAX_TEARS) changed.splice(random.int(0, changed.length - 1), 1)
  for (const torn of changed) {
    mixes.push(mix(last, (sector) => (sector < torn ? last : base)))
    mixes.push(mix(last, (sector) => (sector < torn ? base : last)))
    // No shorter than what was synced.
    const length = Math.max(torn * SECTOR, Math.min(base.bytes.length, last.bytes.length))
    mixes.push(fileState(last.bytes.subarray(0, length), last.mtime))
  }
  for (let count = 0; count < RANDOM_MIXES; count++) {
    mixes.push(mix(random.pick([last, ...versions]), () => random.pick([last, ...versions])))
  }
  const between = [...versions.slice(1, -1), ...mixes].filter(({ hash }) => hash !== base.hash && hash !== last.hash)
  return [base, ...new Map(between.map((state) => [state.hash, state])).values(), last]
}

const sectorOf = ({ bytes }: FileState, sector: number): Buffer =>
  resize(bytes.subarray(sector * SECTOR, (sector + 1) * SECTOR), SECTOR)

/** A file of the length and time of `shape`, each sector of the state that `pick` returns. */
function mix(shape: FileState, pick: (sector: number) => FileState): FileState {
  const sectors = Array.from({ length: Math.ceil(shape.bytes.length / SECTOR) }, (_, sector) =>
    sectorOf(pick(sector), sector),
  )
  return fileState(Buffer.concat(sectors).subarray(0, shape.bytes.length), shape.mtime)
}

function applyToFolder(names: FolderState, { changes }: NamesEntry): FolderState {
  const changed = new Map(names)
  for (const [name, node] of changes) {
    if (node === null) changed.delete(name)
    else changed.set(name, node)
  }
  return changed
}

function folderVariants({ base, pending }: NodeHistory<FolderState, NamesEntry>, random: Random): FolderState[] {
  const changes = pending.map(({ change }) => change)
  const choices: ((index: number) => boolean)[] = []
  if (changes.length <= MAX_NAMES) {
    for (let bits = 0; bits < 1 << changes.length; bits++) choices.push((index) => (bits & (1 << index)) !== 0)
  } else {
    choices.push(() => false)
    for (let kept = 1; kept < changes.length; kept++) choices.push((index) => index < kept)
    for (let left = 0; left < changes.length; left++) choices.push((index) => index !== left)
    for (let count = 0; count < RANDOM_MIXES; count++) choices.push(() => random.chance(0.5))
    choices.push(() => true)
  }
  const states = choices.map((isKept) => {
    // A change of a name can only be there with all earlier ones of that name.
    const missing = new Set<string>()
    return changes.reduce<FolderState>((names, change, index) => {
      const touched = change.changes.map(([name]) => name)
      if (isKept(index) && !touched.some((name) => missing.has(name))) return applyToFolder(names, change)
      for (const name of touched) missing.add(name)
      return names
    }, base)
  })
  const [first = base] = states
  const last = states.at(-1) ?? base
  const between = new Map(states.slice(1, -1).map((state) => [JSON.stringify([...state].sort()), state]))
  return states.length === 1 ? [first] : [first, ...between.values(), last]
}

function hashOf(files: CutFolder['files']): string {
  const lines = Array.from(files, ([path, file]) => `${path} ${file?.hash ?? ''}`)
  return createHash('sha1').update(lines.sort().join('\n')).digest('hex')
}
