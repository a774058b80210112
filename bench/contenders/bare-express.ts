import { type Job, Queue, Worker } from 'bullmq'
import express, { type ErrorRequestHandler, type RequestHandler } from 'express'
import { recordEvent } from '../../src/events/audit-trail'
import { jobEnqueuedSchema, petCreated } from '../../src/events/payloads'
import { InvalidPayloadError, parsePayload } from '../../src/http/errors'
import { createPetSchema, updatePetSchema } from '../../src/pets/payloads'
import { PetNotFoundError, pets } from '../../src/pets/pets'
import { connectRedis } from '../../src/server/redis'
import { readSettings } from '../../src/settings'

// The same store, schemas and jobs as the steps of one namespace, without Motia: no traces, no logs, no Workbench.

const settings = readSettings()
const redis = await connectRedis(settings)
const connection = redis.queues
const prefix = 'bare'

const JOB_OPTIONS = {
  attempts: 4,
  backoff: { type: 'fixed', delay: 2_000 },
  removeOnComplete: { count: 1_000 },
  removeOnFail: { count: 5_000 },
}

const openQueue = (topic: string, work: (job: Job) => Promise<void>) => {
  const queue = new Queue(topic, { connection, prefix, defaultJobOptions: JOB_OPTIONS })
  const worker = new Worker(topic, work, { connection, prefix, concurrency: 10, lockDuration: 30_000 })
  return {
    add: (data: object) => queue.add(topic, data),
    close: async () => {
      await worker.close()
      await queue.close()
    },
  }
}

const audit = ({ id = '', data }: Job) => recordEvent('js', id, data)

const postCreateLite = async ({ data }: Job): Promise<void> => {
  const startedAt = Date.now()
  const { petId, enqueuedAt } = jobEnqueuedSchema.parse(data)
  if (!(await pets.finishJob(petId, enqueuedAt))) return
  const completedAt = Date.now()
  await completed.add({ petId, enqueuedAt, completedAt, processingTimeMs: completedAt - startedAt })
}

const created = openQueue('js.pet.created', audit)
const completed = openQueue('js.job.postcreate.completed', audit)
const enqueued = openQueue('js.job.postcreate.enqueued', postCreateLite)

/** Express 4 does not wait for a handler's promise. */
const answer =
  (handler: (...args: Parameters<RequestHandler>) => Promise<void>): RequestHandler =>
  (request, response, next) => {
    handler(request, response, next).catch(next)
  }

const answerErrors: ErrorRequestHandler = (error, _request, response, _next) => {
  if (error instanceof PetNotFoundError) response.status(404).json({ message: error.message })
  else if (error instanceof InvalidPayloadError) response.status(400).json({ message: error.message })
  else response.status(500).json({ message: 'Internal server error' })
}

const app = express()
app.use(express.json({ limit: '100kb' }))
app.get(
  '/js/pets',
  answer(async (_request, response) => {
    response.json(await pets.list())
  }),
)
app.get(
  '/js/pets/:id',
  answer(async ({ params: { id = '' } }, response) => {
    response.json(await pets.get(id))
  }),
)
app.post(
  '/js/pets',
  answer(async ({ body }, response) => {
    const pet = await pets.create('js', parsePayload(createPetSchema, body))
    await created.add(petCreated(pet))
    await enqueued.add({ petId: pet.id, enqueuedAt: pet.createdAt })
    response.status(201).json(pet)
  }),
)
app.put(
  '/js/pets/:id',
  answer(async ({ params: { id = '' }, body }, response) => {
    const { pet } = await pets.update('js', id, parsePayload(updatePetSchema, body))
    response.json(pet)
  }),
)
app.use(answerErrors)
const server = app.listen(settings.port, settings.host)

process.once('SIGTERM', async () => {
  server.close()
  server.closeIdleConnections()
  for (const queue of [created, enqueued, completed]) await queue.close()
  await redis.close()
  process.exit(0)
})
