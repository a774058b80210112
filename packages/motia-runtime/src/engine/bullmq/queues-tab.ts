import bullmqPlugin from '@motiadev/plugin-bullmq/plugin'
import type { MotiaPlugin, MotiaPluginContext } from 'motia'
import type { BullMqEvents } from './bullmq-events'

/**
 * Returns the Workbench's Queues tab for the queues of an event adapter. The plugin watches only queues that have a job
 * counter in Redis, so this creates the counters.
 */
export const createQueuesTab = (events: BullMqEvents, context: MotiaPluginContext): MotiaPlugin => {
  const { connection, prefix } = events
  for (const name of events.queueNames()) connection.setnx(`${prefix}:${name}:id`, 0).catch(() => {})
  return bullmqPlugin({ ...context, eventAdapter: events })
}
