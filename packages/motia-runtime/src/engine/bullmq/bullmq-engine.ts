import bullmqPlugin from '@motiadev/plugin-bullmq/plugin'
import { DLQ_SUFFIX, type Engine } from '../engine'
import { BullMqEvents } from './bullmq-events'
import { claimPrefix } from './claim-prefix'
import { BullMqDeadLetters } from './dead-letters'
import { Queues } from './queues'
import { connectRedis } from './redis-connections'
import { RedisFeed, WORKBENCH_STREAMS } from './redis-feed'
import { RedisHealth } from './redis-health'
import { RedisLeases } from './redis-leases'
import { RedisState } from './redis-state'
import { RedisStreams } from './redis-streams'

/** Options of the BullMQ engine. */
export interface BullMqEngineOptions {
  redisUrl: string
  /** The prefix of the names of all keys and queues. Servers with different prefixes share nothing. */
  prefix: string
  /** Identifies the app. Its servers share the prefix. Two apps cannot have the same prefix. */
  app: string
  /** How many traces, and how many log lines, are kept for the Workbench. */
  traceLimit: number
}

/**
 * Returns an engine that keeps everything in Redis, with BullMQ queues. Throws a one-line error if Redis cannot be
 * used, or if another app uses the prefix.
 */
export const createBullMqEngine = async (options: BullMqEngineOptions): Promise<Engine> => {
  const { redisUrl, prefix, app, traceLimit } = options
  const redis = await connectRedis(redisUrl, prefix)
  const { commands } = redis
  await claimPrefix(commands, prefix, app).catch((error) => {
    redis.close()
    throw error
  })
  const health = new RedisHealth(redis.queues)
  // Queues have their own prefix, because the Queues tab takes every key below it that ends in `:id` for a queue.
  const queues = new Queues(redis.queues, `${prefix}:queues`)
  const letterKey = `${prefix}:dead-letter-queues`
  const deadLetters: BullMqDeadLetters = new BullMqDeadLetters(queues, health, letterKey, (queue) =>
    events.configOf(queue),
  )
  const events = new BullMqEvents(queues, health, (...letter) => deadLetters.add(...letter))
  const workbenchStreams = new RedisStreams(commands, `${prefix}:workbench`)
  const feed = new RedisFeed(commands, workbenchStreams, traceLimit)
  let closeTab = async () => {}

  return {
    events,
    deadLetters,
    feed,
    leases: new RedisLeases(commands, `${prefix}:cron`),
    state: new RedisState(commands, `${prefix}:state`),
    streams: new RedisStreams(commands, `${prefix}:streams`),
    attachWorkbench: (workbench) => feed.attach(workbench),
    workbenchStream: (name) => (WORKBENCH_STREAMS.includes(name) ? workbenchStreams.createStream(name) : undefined),
    queuesTab: (context) => {
      // The plugin watches only queues that have a job counter.
      for (const name of events.queueNames()) redis.queues.setnx(`${queues.prefix}:${name}:id`, 0).catch(() => {})
      const { connection, prefix } = queues
      const eventAdapter = { ...context.eventAdapter, connection, prefix, dlqSuffix: DLQ_SUFFIX }
      const tab = bullmqPlugin({ ...context, eventAdapter })
      closeTab = async () => {
        await tab.onShutdown?.()
        // The plugin does not handle rejections, so wait for its replies: they arrive before this one.
        await health.ask(() => redis.queues.ping()).catch(() => {})
      }
      return tab
    },
    queues: () => events.counts(),
    problem: () => health.problem(),
    onRecovered: (listener) => void health.on('recovered', listener),
    start: async () => events.start(),
    close: async () => {
      await closeTab()
      redis.close()
    },
  }
}
