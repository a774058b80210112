import { fileURLToPath } from 'node:url'
import type { QueueConfig } from 'motia'
import { type Child, startChild } from '../../../../tests/support/child'
import type { EngineWorld } from './engine-world'

const PROCESS = fileURLToPath(new URL('engine-process.ts', import.meta.url))

/** A message's task for its handler in a child process, which first prints `began <name>` and finally `did <name>`. */
export interface Task {
  name: string
  /** `wait`: awaits `ms`; `block`: keeps the event loop busy for `ms`; `kill`: ends the process by SIGKILL. */
  do: 'wait' | 'block' | 'kill'
  ms?: number
}

/**
 * What a child process does: it subscribes, starts, emits, prints `ready`, and continues until it is told to stop.
 * Whenever its queues become empty it prints `idle`.
 */
export interface Plan extends EngineWorld {
  /** The steps that work on the topics' tasks. */
  subscribe?: { topic: string; step: string; config: QueueConfig }[]
  emit?: { topic: string; id?: string; data: Task }[]
  /** The task that does not end in this process. */
  endless?: string
  /** Begins the run of a tick, prints `lease: run` (or `held`, `done`), and never ends it. */
  lease?: { step: string; tick: number }
}

/** Starts the process of a server that has only an engine. */
export const startEngineProcess = (plan: Plan): Child =>
  startChild([process.execPath, '--import', 'tsx', PROCESS, JSON.stringify(plan)], { env: process.env })

/** Returns the names of the tasks for which processes have printed `began` or `did`, in order, process by process. */
export const namesIn = (verb: 'began' | 'did', ...children: Child[]): string[] =>
  children.flatMap((child) =>
    Array.from(child.output().matchAll(new RegExp(`^${verb} (\\S+)$`, 'gm')), ([, name = '']) => name),
  )
