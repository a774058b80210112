import bullmqPlugin from '@motiadev/plugin-bullmq/plugin'
import type { MotiaPlugin, MotiaPluginContext } from 'motia'
import type { BullMqEvents } from './bullmq-events'

/**
 * Returns the Workbench's Queues tab on the queues of an event adapter. The plugin watches the queues in which Redis counts
 * jobs: the counters are made here, so that it watches a queue from the first job on.
 */
export const createQueuesTab = (events: BullMqEvents, context: MotiaPluginContext): MotiaPlugin => {
  const { connection, prefix } = events
  for (const name of events.queueNames()) connection.setnx(`${prefix}:${name}:id`, 0).catch(() => {})
  return bullmqPlugin({ ...context, eventAdapter: events })
}
