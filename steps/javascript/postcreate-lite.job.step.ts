import type { EventConfig, Handlers } from 'motia'
import { jobEnqueuedSchema } from '../../src/events/payloads'
import { pets } from '../../src/pets/pets'

export const config: EventConfig = {
  type: 'event',
  name: 'JsPostCreateLite',
  description: 'Adds the welcome notes and sets the next feeding reminder',
  flows: ['pets'],
  subscribes: ['js.job.postcreate.enqueued', 'js.feeding.reminder.enqueued'],
  input: jobEnqueuedSchema,
  infrastructure: {
    handler: { timeout: 20 },
    queue: { maxRetries: 3, visibilityTimeout: 30 },
  },
  emits: ['js.job.postcreate.completed'],
}

export const handler: Handlers['JsPostCreateLite'] = async (input, { emit, logger }) => {
  const startedAt = Date.now()

  // 1. Pick up the job: a message that is none fails here, and the queue retries it
  const { petId, enqueuedAt } = jobEnqueuedSchema.parse(input)
  logger.info('🔄 PostCreateLite job started', { petId, enqueuedAt })

  // 2. Add the notes and the next feeding, 24 h after the job was queued
  logger.info('🔄 Setting next feeding reminder', { petId, enqueuedAt })
  const pet = await pets.finishJob(petId, enqueuedAt)
  if (!pet) {
    logger.warn('⚠️ PostCreateLite job found no pet', { petId })
    return
  }
  const nextFeedingAt = new Date(pet.nextFeedingAt).toISOString()
  logger.info('✅ Next feeding reminder set', { petId, notes: pet.notes, nextFeedingAt })

  // 3. Tell that it is done, and how long it took
  const completedAt = Date.now()
  const processingTimeMs = completedAt - startedAt
  await emit({ topic: 'js.job.postcreate.completed', data: { petId, enqueuedAt, completedAt, processingTimeMs } })
  logger.info('✅ PostCreateLite job completed', { petId, processingTimeMs })
}
