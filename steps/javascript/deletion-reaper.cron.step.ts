import type { CronConfig, Handlers } from 'motia'
import { petPurged } from '../../src/events/payloads'
import { pets } from '../../src/pets/pets'

export const config: CronConfig = {
  type: 'cron',
  name: 'JsDeletionReaper',
  description: 'Every night, purges the pets whose 30 days are over',
  flows: ['pets'],
  cron: '0 2 * * *',
  emits: [{ topic: 'js.pet.purged', label: 'one each', conditional: true }, 'js.reaper.completed'],
}

export const handler: Handlers['JsDeletionReaper'] = async ({ emit, logger }) => {
  logger.info('🔄 Deletion Reaper started - scanning for pets to purge')

  // 1. Claim each pet that is due, 2. tell the audit trail, 3. remove it for good
  const { purged, counts, failure } = await pets.reap('js', (pet) =>
    emit({ topic: 'js.pet.purged', data: petPurged(pet) }),
  )
  for (const pet of purged) {
    const { petId, name, deletedAt, purgeAt } = petPurged(pet)
    logger.info('💀 Pet permanently purged', {
      petId,
      name,
      deletedAt: new Date(deletedAt).toISOString(),
      purgeAt: new Date(purgeAt).toISOString(),
    })
  }

  // 4. Report, also when nothing was due
  await emit({ topic: 'js.reaper.completed', data: counts })
  logger.info('✅ Deletion Reaper completed', counts)
  if (failure) throw failure
}
