import type { EventConfig, Handlers } from 'motia'
import { pets } from '../../src/app/pets'
import { jobCompleted, jobEnqueuedSchema } from '../../src/events/payloads'

export const config: EventConfig = {
  type: 'event',
  name: 'TsPostCreateLite',
  description: 'Adds the welcome notes and sets the next feeding reminder',
  flows: ['pets'],
  subscribes: ['ts.job.postcreate.enqueued', 'ts.feeding.reminder.enqueued'],
  input: jobEnqueuedSchema,
  infrastructure: {
    handler: { timeout: 20 },
    queue: { maxRetries: 3, visibilityTimeout: 30 },
  },
  emits: ['ts.job.postcreate.completed'],
}

export const handler: Handlers['TsPostCreateLite'] = async (
  input,
  { emit, logger },
) => {
  const startedAt = Date.now()

  // 1. Pick up the job: an invalid message fails here, and is retried
  const { petId, enqueuedAt } = jobEnqueuedSchema.parse(input)
  logger.info('🔄 PostCreateLite job started', { petId, enqueuedAt })

  // 2. Add the notes and the next feeding, 24 h after the job was queued
  logger.info('🔄 Setting next feeding reminder', { petId, enqueuedAt })
  const done = await pets.setFeedingReminder(petId, enqueuedAt, () => ({
    topic: 'ts.job.postcreate.completed',
    data: jobCompleted(petId, enqueuedAt, startedAt),
  }))
  if (!done) {
    logger.warn('⚠️ PostCreateLite job found no pet', { petId })
    return
  }
  const { notes, nextFeedingAt = 0 } = done.pet
  logger.info('✅ Next feeding reminder set', {
    petId,
    notes,
    nextFeedingAt: new Date(nextFeedingAt).toISOString(),
  })

  // 3. Emit the completion, with how long the job took
  for (const event of done.events) {
    await emit(event)
    const { processingTimeMs } = event.data
    logger.info('✅ PostCreateLite job completed', { petId, processingTimeMs })
  }
}
