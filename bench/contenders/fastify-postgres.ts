import Fastify, { LogController } from 'fastify'
import { Logger, run } from 'graphile-worker'
import { Pool, type QueryConfig, types } from 'pg'
import { z } from 'zod'
import {
  type CreateBody,
  createPet,
  finishJob,
  getPet,
  type PetRow,
  TABLES,
  type UpdateBody,
  updatePet,
} from './fastify-postgres-queries'

// The peer: one namespace of the pet store as one would build it on a database. Fastify and graphile-worker share one
// process. It does the same work as the pet store, and logs about the same lines.

const { PORT, DATABASE_URL } = z.object({ PORT: z.coerce.number(), DATABASE_URL: z.string() }).parse(process.env)

/** Connections for requests and jobs together: with 10 the jobs fall behind, with 50 the requests are slower. */
const CONNECTIONS = 20

/** How many jobs run at a time: as many as the pet store's queue of that job runs. */
const JOBS_AT_ONCE = 10

const INVALID = 'Invalid payload: {name, species, ageMonths}'

const jobSchema = z.object({ petId: z.string(), enqueuedAt: z.number() })

const name = { type: 'string', pattern: '\\S' }
const species = { enum: ['dog', 'cat', 'bird', 'other'] }
const ageMonths = { type: 'number' }
const status = { enum: ['new', 'available', 'pending', 'adopted', 'deleted'] }

const createBody = {
  type: 'object',
  properties: { name, species, ageMonths },
  required: ['name', 'species', 'ageMonths'],
  additionalProperties: false,
}
const updateBody = {
  type: 'object',
  properties: { name, species, ageMonths, status },
  additionalProperties: false,
}
const text = { type: 'string' }
const time = { type: 'integer' }
const pet = {
  type: 'object',
  properties: {
    ...{ id: text, name: text, species: text, ageMonths: time, status: text, createdAt: time, updatedAt: time },
    ...{ notes: text, nextFeedingAt: time, deletedAt: time, purgeAt: time },
  },
}
const deletion = { type: 'object', properties: { message: text, petId: text, purgeAt: time } }
const params = { type: 'object', properties: { id: { type: 'string', pattern: '^[1-9][0-9]{0,14}$' } } }

/** The pet of a row. The response leaves out what is undefined. */
const toPet = (row: PetRow) => ({
  ...row,
  notes: row.notes ?? undefined,
  nextFeedingAt: row.nextFeedingAt ?? undefined,
  deletedAt: row.deletedAt ?? undefined,
  purgeAt: row.purgeAt ?? undefined,
})

types.setTypeParser(types.builtins.INT8, Number)
const pool = new Pool({ connectionString: DATABASE_URL, max: CONNECTIONS })
const one = async (query: QueryConfig): Promise<PetRow | undefined> => (await pool.query<PetRow>(query)).rows[0]

const app = Fastify({
  logger: { base: null },
  logController: new LogController({ disableRequestLogging: true }),
  // An update may send a whole pet. Other fields than those of an update are ignored. A wrong type is an error.
  ajv: { customOptions: { removeAdditional: true, coerceTypes: false } },
})

app.setErrorHandler((error: { validation?: unknown[]; statusCode?: number }, request, reply) => {
  if (error.validation) return reply.code(400).send({ message: INVALID, issues: error.validation })
  request.log.error(error)
  return reply.code(error.statusCode ?? 500).send({ message: 'Internal server error' })
})

app.post<{ Body: CreateBody }>(
  '/js/pets',
  { schema: { body: createBody, response: { 201: pet } } },
  async ({ body, log }, reply) => {
    const row = await one(createPet(body, Date.now()))
    if (!row) throw new Error('PostgreSQL returned no row for a create')
    log.info({ petId: row.id, name: row.name, species: row.species, status: row.status }, '🐾 Pet created')
    return reply.code(201).send(toPet(row))
  },
)

app.get<{ Params: { id: string } }>(
  '/js/pets/:id',
  { schema: { params, response: { 200: pet } } },
  async (request, reply) => {
    const row = await one(getPet(request.params.id))
    return row ? toPet(row) : reply.code(404).send({ message: 'Not found' })
  },
)

app.put<{ Params: { id: string }; Body: UpdateBody }>(
  '/js/pets/:id',
  { schema: { params, body: updateBody, response: { 200: pet } } },
  async ({ params: { id }, body, log }, reply) => {
    const row = await one(Object.keys(body).length > 0 ? updatePet(id, body, Date.now()) : getPet(id))
    if (!row) return reply.code(404).send({ message: 'Not found' })
    log.info({ petId: id, status: row.status }, '✏️ Pet updated')
    return toPet(row)
  },
)

app.delete<{ Params: { id: string } }>(
  '/js/pets/:id',
  { schema: { params, response: { 202: deletion } } },
  async ({ params: { id }, log }, reply) => {
    const row = await one(updatePet(id, { status: 'deleted' }, Date.now()))
    if (!row) return reply.code(404).send({ message: 'Not found' })
    log.info({ petId: id, purgeAt: row.purgeAt }, '🗑️ Pet soft deleted')
    return reply.code(202).send({ message: 'Pet scheduled for deletion', petId: id, purgeAt: row.purgeAt })
  },
)

const postCreate = async (payload: unknown): Promise<void> => {
  const startedAt = Date.now()
  const job = jobSchema.parse(payload)
  app.log.info(job, '🔄 Setting next feeding reminder')
  const row = await one(finishJob(job, startedAt, Date.now()))
  if (row)
    app.log.info(
      { petId: job.petId, notes: row.notes, nextFeedingAt: row.nextFeedingAt },
      '✅ Next feeding reminder set',
    )
  else app.log.warn({ petId: job.petId }, 'The job found no pet')
}

await pool.query(TABLES)
const runner = await run({
  ...{ pgPool: pool, concurrency: JOBS_AT_ONCE, taskList: { post_create: postCreate }, noHandleSignals: true },
  // The worker's own lines about each job would only repeat those of the task.
  logger: new Logger(() => (level, message) => {
    if (level === 'error' || level === 'warning') app.log[level === 'error' ? 'error' : 'warn'](message)
  }),
})

process.once('SIGTERM', async () => {
  await app.close()
  await runner.stop()
  await pool.end()
})
await app.listen({ host: '127.0.0.1', port: PORT })
