import type { FeedBatch } from '../traces/workbench-feed'
import type { OpenWorkbench } from './engine'

/** Motia's streams for the Workbench. */
export const [GROUPS, TRACES, LOGS] = ['motia-trace-group', 'motia-trace', '__motia.logs'] as const

/** The group of all trace groups, and of all log lines. Traces are in the group of their trace group's id. */
export const DEFAULT_GROUP = 'default'

/** How many entries of a batch are pushed one at a time. A page draws itself after each, and falls behind if there are more. */
const MOST_SINGLE_PUSHES = 20

/** Returns whether a batch is small enough to be pushed entry by entry. */
export const isPushedSingly = ({ groups, traces, logs }: FeedBatch): boolean =>
  groups.length + traces.length + logs.length <= MOST_SINGLE_PUSHES

/** Sends the pages all that is kept of each group that a batch belongs to, in one message for each. */
export const sendAllOf = ({ groups }: FeedBatch, workbench: OpenWorkbench): void => {
  for (const stream of [GROUPS, LOGS]) workbench.sendAll(stream, DEFAULT_GROUP)
  for (const { id } of groups) workbench.sendAll(TRACES, id)
}
