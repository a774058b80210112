import type { CronConfig, Handlers } from 'motia'
import { pets } from '../../src/app/pets'
import { petPurged, reaperCompleted } from '../../src/events/payloads'

export const config: CronConfig = {
  type: 'cron',
  name: 'TsDeletionReaper',
  description: 'Every night, purges the pets whose 30 days are over',
  flows: ['pets'],
  cron: '0 2 * * *',
  emits: [
    { topic: 'ts.pet.purged', label: 'one each', conditional: true },
    'ts.reaper.completed',
  ],
}

export const handler: Handlers['TsDeletionReaper'] = async ({
  emit,
  logger,
}) => {
  logger.info('🔄 Deletion Reaper started - scanning for pets to purge')

  // 1. Scan for soft-deleted pets whose purge date has passed
  const { counts, errors } = await pets.reap(async (id) => {
    // 2. Remove the pet for good, unless another namespace was faster
    const purged = await pets.purge(id, (pet, purgedAt) => ({
      topic: 'ts.pet.purged',
      data: petPurged(pet, purgedAt),
    }))

    // 3. Emit an audit event for each purged pet
    for (const event of purged?.events ?? []) {
      const { petId, name, deletedAt, purgeAt } = event.data
      logger.info('💀 Pet permanently purged', {
        petId,
        name,
        deletedAt: new Date(deletedAt).toISOString(),
        purgeAt: new Date(purgeAt).toISOString(),
      })
      await emit(event)
    }
    return purged !== null
  })
  for (const error of errors) logger.error('Pet not purged', { error })

  // 4. Report, even if nothing was due
  await emit({
    topic: 'ts.reaper.completed',
    data: reaperCompleted(counts),
  })
  if (errors.length > 0) throw new Error('Some due pets were not purged')
  logger.info('✅ Deletion Reaper completed', counts)
}
