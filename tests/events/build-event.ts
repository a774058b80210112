const CREATED = Date.UTC(2022, 0, 1)
const DELETED = Date.UTC(2022, 0, 2)
const PURGE = Date.UTC(2022, 1, 1)

/** The data of one event of each audited type, without the type. */
export const auditedEvents = {
  'pet.created': { petId: '1', name: 'Rex', species: 'dog', createdAt: CREATED },
  'job.postcreate.completed': {
    ...{ petId: '1', enqueuedAt: CREATED },
    ...{ completedAt: CREATED + 50, processingTimeMs: 50 },
  },
  'pet.soft.deleted': { petId: '1', name: 'Rex', deletedAt: DELETED, purgeAt: PURGE },
  'pet.purged': { petId: '1', name: 'Rex', deletedAt: DELETED, purgeAt: PURGE, purgedAt: PURGE + 1 },
  'reaper.completed': { totalScanned: 5, purgedCount: 2, failedCount: 0 },
}
