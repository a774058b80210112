// A process that takes one job and never ends it: bullmq-worker.ts <port of Redis> <prefix> <topic> <step>
import { Redis } from 'ioredis'
import { BullMqEvents } from '../../src/runtime/bullmq-events'

const [port, prefix = '', topic = '', step = ''] = process.argv.slice(2)
const events = new BullMqEvents({ connection: new Redis(Number(port), { maxRetriesPerRequest: null }), prefix })
const takeIt = async () => {
  console.log('taken')
  await new Promise(() => {})
}
await events.subscribe(topic, step, takeIt, { type: 'standard', maxRetries: 0, visibilityTimeout: 1, delaySeconds: 0 })
