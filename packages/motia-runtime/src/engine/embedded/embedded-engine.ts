import { constants } from 'node:fs'
import { join } from 'node:path'
import { errorCode } from '../../errors'
import { exists, type FileCalls, makeFolder, nodeFiles } from '../../files/file-calls'
import { setAsideUnless } from '../../files/set-aside'
import type { DeadLetter, Engine } from '../engine'
import { DeadLetterFile } from './dead-letter-file'
import { Dispatcher } from './dispatcher'
import { EmbeddedEvents } from './embedded-events'
import { inspectorOf } from './inspector'
import { LeaseFiles } from './lease-files'
import { MemoryFeed } from './memory-feed'
import { MemoryState } from './memory-state'
import { memoryStreams } from './memory-streams'
import { eventText, newMessage } from './message'
import { OtherJournals } from './other-journals'
import { OwedEvents } from './owed-events'
import { QueueJournal } from './queue-journal'
import { createQueuesTab } from './queues-tab'

/** How often a server looks for messages of dead processes, in ms. */
const LOOK_INTERVAL_MS = 2_000

/** What the embedded engine needs. */
export interface EmbeddedEngineOptions {
  /** The folder of queue journals, dead letters and leases. Several servers may share it. Created when needed. */
  dataDir: string
  /** How many traces, and how many log lines, are kept for the Workbench. */
  traceLimit: number
  /** The file-system calls; tests pass some that fail. */
  calls?: FileCalls
}

/**
 * Returns an engine in this process and its data folder. Events survive the process in a journal, which another process
 * of the folder takes over. Dead letters and cron ticks are on disk. State, streams and traces end with the process.
 */
export const createEmbeddedEngine = async ({
  dataDir,
  traceLimit,
  calls = nodeFiles,
}: EmbeddedEngineOptions): Promise<Engine> => {
  useDataFolder(calls, dataDir)
  const journalFolder = join(dataDir, 'queues')
  const journal = new QueueJournal(journalFolder, calls)
  const others = new OtherJournals(journalFolder, journal, calls)
  const owed = new OwedEvents()
  const dispatcher: Dispatcher = new Dispatcher(journal, owed, (letter) => deadLetters.add(letter))
  const requeue = ({ queue, event }: DeadLetter) => {
    if (!journal.isSafe) throw new Error('The queue journal cannot be written. Free disk space, then retry')
    dispatcher.enqueue(newMessage({ queue, eventId: event.id, text: eventText(event) }, 0))
    journal.sync()
  }
  const deadLetters = new DeadLetterFile(join(dataDir, 'dead-letters.jsonl'), requeue, calls)
  const events = new EmbeddedEvents(dispatcher, owed, journal, others)
  const inspector = inspectorOf(dispatcher, deadLetters)
  const feed = new MemoryFeed(traceLimit)
  let timer: NodeJS.Timeout | undefined

  const look = () => {
    journal.recover()
    if (journal.isSafe) others.adopt((messages) => dispatcher.adopt(messages))
    dispatcher.moveUnsubscribedToDeadLetters()
  }
  return {
    events,
    leases: new LeaseFiles(join(dataDir, 'cron'), calls),
    state: new MemoryState(),
    streams: memoryStreams,
    deadLetters,
    feed,
    attachWorkbench: (workbench) => feed.attach(workbench),
    workbenchStream: (name) => feed.stream(name),
    queuesTab: (context) => createQueuesTab(inspector, () => feed.isWatched)(context),
    queues: async () => inspector.queues().map(({ isPaused, ...counts }) => counts),
    // The engine needs only this process. If its journal cannot be written, it logs a warning and serves requests.
    problem: () => null,
    onRecovered: () => {},
    start: async () => {
      look()
      timer = setInterval(look, LOOK_INTERVAL_MS).unref()
    },
    close: async () => {
      clearInterval(timer)
      events.close()
      others.close()
      journal.close()
    },
  }
}

/**
 * Creates the data folder, and renames files that are in the place of the engine's own. Throws a one-line error if the
 * folder is not writable.
 */
const useDataFolder = (calls: FileCalls, dataDir: string): void => {
  try {
    makeFolder(calls, dataDir)
    // This writes nothing, so that a server can start on a full disk.
    calls.accessSync(`${dataDir}/`, constants.W_OK | constants.X_OK)
  } catch (error) {
    throw new Error(
      `The data folder ${dataDir} cannot be used (${errorCode(error)}): choose a folder that this user can write to`,
    )
  }
  setAsideUnless('file', join(dataDir, 'dead-letters.jsonl'), calls)
  for (const folder of ['queues', 'cron'].map((name) => join(dataDir, name))) {
    setAsideUnless('folder', folder, calls)
    const names = exists(calls, folder) ? calls.readdirSync(folder) : []
    for (const name of names.filter((name) => /\.(journal|lease)$/.test(name)))
      setAsideUnless('file', join(folder, name), calls)
  }
}
