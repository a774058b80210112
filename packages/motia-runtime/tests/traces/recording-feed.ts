import { type FeedLine, type Trace, type TraceGroup, WorkbenchFeed } from '../../src/traces/workbench-feed'

/** A Workbench feed, and what it has written so far. */
export interface RecordingFeed {
  feed: WorkbenchFeed
  written: () => Promise<{ groups: TraceGroup[]; traces: Trace[]; logs: FeedLine[] }>
}

/** Returns a feed that keeps what it writes: each trace as it was last written. */
export const recordingFeed = (): RecordingFeed => {
  const groups = new Map<string, TraceGroup>()
  const traces = new Map<string, Trace>()
  const logs: FeedLine[] = []
  const feed = new WorkbenchFeed(
    {
      isReady: () => true,
      write: async (batch) => {
        for (const group of batch.groups) groups.set(group.id, group)
        for (const trace of batch.traces) traces.set(trace.id, trace)
        logs.push(...batch.logs)
      },
    },
    1_000,
  )
  const written = async () => {
    await feed.flush()
    return { groups: [...groups.values()], traces: [...traces.values()], logs }
  }
  return { feed, written }
}
