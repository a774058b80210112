import { describe, expect, test } from 'vitest'
import { DAY_MS, RETENTION_MS } from '../../../src/pets/pet'
import { logLines } from '../../support/log-lines'
import { last, namespaces } from '../../support/namespaces'
import { petsApi } from '../../support/pets-api'
import type { AuditLine } from '../../support/server'
import { waitFor } from '../../support/wait-for'
import type { Subject } from './subject'

const NOTES = "Welcome to our pet store! We'll take great care of this pet."

/** The events, jobs and console lines, in each namespace, with any engine. */
export const eventsSuite = (subject: () => Subject): void => {
  const server = () => subject().server

  const auditOf = async (petId: string): Promise<AuditLine[]> =>
    (await subject().audit()).filter(({ data }) => data.petId === petId)

  const audited = (petId: string, topic: string, count = 1): Promise<AuditLine> =>
    waitFor(async () => (await auditOf(petId)).filter((line) => line.topic === topic)[count - 1], {
      what: `${topic} of pet ${petId} in the audit trail`,
      timeout: 15_000,
    })

  describe.each(namespaces)('/$namespace/pets', ({ namespace, prefix }) => {
    const api = () => petsApi(server().url, namespace)

    test('When a pet is created, then its two events are in the audit trail, in one trace', async () => {
      const pet = await api().createWithJob({ name: 'Whiskers', species: 'cat', ageMonths: 12 })
      const created = await audited(pet.id, `${namespace}.pet.created`)
      const completed = await audited(pet.id, `${namespace}.job.postcreate.completed`)
      expect(created).toEqual({
        at: expect.any(Number),
        topic: `${namespace}.pet.created`,
        traceId: expect.stringMatching(/^[A-Z0-9]{5}-\d+$/),
        data: { petId: pet.id, name: 'Whiskers', species: 'cat', createdAt: pet.createdAt },
      })
      const { completedAt } = completed.data
      expect(completed).toEqual({
        at: expect.any(Number),
        topic: `${namespace}.job.postcreate.completed`,
        traceId: created.traceId,
        data: { petId: pet.id, enqueuedAt: pet.createdAt, completedAt, processingTimeMs: expect.any(Number) },
      })
      expect(completedAt).toBeGreaterThanOrEqual(Number(pet.updatedAt))
      expect(completed.data.processingTimeMs).toBeGreaterThanOrEqual(0)
      expect(completed.data.processingTimeMs).toBeLessThanOrEqual(Number(completedAt) - Number(pet.createdAt))
    })

    test('When a pet is created, then the console shows the lines of the specification, in order', async () => {
      const from = server().output().length
      const pet = await api().createWithJob({ name: 'Whiskers', species: 'cat', ageMonths: 12 })
      const { traceId, data } = await audited(pet.id, `${namespace}.job.postcreate.completed`)
      const { processingTimeMs } = data
      await server().printed(new RegExp(`PostCreateLite job completed { petId: '${pet.id}'.*\\n`), { from })
      const lines = logLines(server().output().slice(from)).filter((line) => line.traceId === traceId)
      const nextFeedingAt = new Date(Number(pet.createdAt) + DAY_MS).toISOString()
      expect(lines.map(({ level, step, text }) => `${level} ${step} ${text}`)).toEqual([
        `INFO ${prefix}CreatePet 🐾 Pet created { petId: '${pet.id}', name: 'Whiskers', species: 'cat', status: 'new' }`,
        `INFO ${prefix}PostCreateLite 🔄 PostCreateLite job started { petId: '${pet.id}', enqueuedAt: ${pet.createdAt} }`,
        `INFO ${prefix}PostCreateLite 🔄 Setting next feeding reminder { petId: '${pet.id}', enqueuedAt: ${pet.createdAt} }`,
        `INFO ${prefix}PostCreateLite ✅ Next feeding reminder set { petId: '${pet.id}', notes: "${NOTES}", nextFeedingAt: '${nextFeedingAt}' }`,
        `INFO ${prefix}PostCreateLite ✅ PostCreateLite job completed { petId: '${pet.id}', processingTimeMs: ${processingTimeMs} }`,
      ])
    })

    test('When a pet is deleted and restored, then each has its event once, and its reminder is set again', async () => {
      const pet = await api().createWithJob()
      const { body: deletion } = await api().remove(pet.id).expect(202)
      await api().remove(pet.id).expect(202)
      const { data } = await audited(pet.id, `${namespace}.pet.soft.deleted`)
      const deletedAt = deletion.purgeAt - RETENTION_MS
      expect(data).toEqual({ petId: pet.id, name: 'Buddy', deletedAt, purgeAt: deletion.purgeAt })

      const { body: restored } = await api().update(pet.id, { status: 'available' }).expect(200)
      expect(restored).not.toHaveProperty('deletedAt')
      expect(restored).not.toHaveProperty('purgeAt')
      expect(restored).toMatchObject({ status: 'available', notes: NOTES })
      const again = await audited(pet.id, `${namespace}.job.postcreate.completed`, 2)
      expect(again.data.enqueuedAt).toBe(restored.updatedAt)
      const { body: reminded } = await api().get(pet.id).expect(200)
      expect(reminded.nextFeedingAt).toBe(restored.updatedAt + DAY_MS)

      const { body: gone } = await api().update(pet.id, { status: 'deleted' }).expect(200)
      await audited(pet.id, `${namespace}.pet.soft.deleted`, 2)
      const lines = await auditOf(pet.id)
      expect(lines).toHaveLength(5)
      expect(lines.at(-1)?.data).toMatchObject({ deletedAt: gone.deletedAt, purgeAt: gone.purgeAt })
    })

    test('When only fields without an event change, then no event is emitted', async () => {
      const pet = await api().createWithJob()
      await audited(pet.id, `${namespace}.job.postcreate.completed`)
      await audited(pet.id, `${namespace}.pet.created`)
      await api().update(pet.id, { name: 'Max', status: 'pending' }).expect(200)
      await api().update(pet.id, {}).expect(200)
      // An event of one of these would have been emitted before this one.
      await api().remove(pet.id).expect(202)
      await audited(pet.id, `${namespace}.pet.soft.deleted`)
      expect(await auditOf(pet.id)).toHaveLength(3)
    })
  })

  test('When each namespace creates a pet, then only its own steps run, and only its own events are emitted', async () => {
    const from = server().output().length
    const pets = await Promise.all(
      namespaces.map(async ({ namespace, prefix }) => ({
        namespace,
        prefix,
        pet: await petsApi(server().url, namespace).createWithJob({ name: prefix, species: 'bird', ageMonths: 6 }),
      })),
    )
    for (const { namespace, prefix, pet } of pets) {
      const { traceId } = await audited(pet.id, `${namespace}.job.postcreate.completed`)
      await audited(pet.id, `${namespace}.pet.created`)
      const audit = await auditOf(pet.id)
      expect(audit.map(({ topic }) => topic).sort()).toEqual([
        `${namespace}.job.postcreate.completed`,
        `${namespace}.pet.created`,
      ])
      const traces = new Set(audit.map((line) => line.traceId))
      expect([...traces]).toEqual([traceId])
      await server().printed(new RegExp(`PostCreateLite job completed { petId: '${pet.id}'.*\\n`), { from })
      const lines = logLines(server().output().slice(from)).filter((line) => line.traceId === traceId)
      expect(lines.length).toBeGreaterThan(0)
      for (const { step } of lines) expect(step.startsWith(prefix)).toBe(true)
    }
  })

  test('When a pet of one namespace is changed through another, then the event belongs to the other', async () => {
    const pet = await petsApi(server().url, 'js').createWithJob()
    await petsApi(server().url, last.namespace).remove(pet.id).expect(202)
    await audited(pet.id, `${last.namespace}.pet.soft.deleted`)
    await petsApi(server().url, last.namespace).update(pet.id, { status: 'new' }).expect(200)
    await audited(pet.id, `${last.namespace}.job.postcreate.completed`)
    const topics = (await auditOf(pet.id)).map(({ topic }) => topic)
    expect(topics.sort()).toEqual(
      [
        ...['js.pet.created', 'js.job.postcreate.completed'],
        ...[`${last.namespace}.pet.soft.deleted`, `${last.namespace}.job.postcreate.completed`],
      ].sort(),
    )
  })
}
