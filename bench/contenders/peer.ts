import { join } from 'node:path'
import { Client } from 'pg'
import { freePort } from '../../tests/support/free-port'
import { ROOT, serverEnvironment } from '../../tests/support/server'
import { makeTempDir } from '../../tests/support/temp-dir'
import { samplePet } from '../sample-pets'
import type { Contender } from './contender'
import { TABLES } from './fastify-postgres-queries'
import { startPostgres } from './postgres'
import { responds, startProcess } from './server-process'

const fill = async (client: Client, pets: number): Promise<void> => {
  const { name, species, status, notes, ageMonths, createdAt, updatedAt, nextFeedingAt } = samplePet(0)
  await client.query(TABLES)
  await client.query(
    `INSERT INTO pets (name, species, "ageMonths", status, "createdAt", "updatedAt", notes, "nextFeedingAt")
     SELECT $1 || number, $2, $3, $4, $5, $6, $7, $8 FROM generate_series(1, $9) AS number`,
    [name, species, ageMonths, status, createdAt, updatedAt, notes, nextFeedingAt, pets],
  )
  await client.query('VACUUM ANALYZE pets')
}

/** The pet store's API as one would build it on a database: see fastify-postgres.ts. */
export const peer: Contender = {
  key: 'peer',
  title: 'peer',
  hasJobs: true,
  start: async (pets, tracer) => {
    const postgres = await startPostgres(tracer)
    const client = new Client({ connectionString: postgres.url })
    await client.connect()
    await fill(client, pets)
    const port = String(await freePort())
    const url = `http://127.0.0.1:${port}/js/pets`
    const server = await startProcess({
      command: [process.execPath, '--import', 'tsx', 'bench/contenders/fastify-postgres.ts'],
      env: serverEnvironment({ NODE_ENV: 'production', PORT: port, DATABASE_URL: postgres.url }),
      cwd: ROOT,
      logFile: join(makeTempDir('pet-store-bench-'), 'output.log'),
      isReady: () => responds(`${url}/1`),
    })
    return {
      ...server,
      url,
      auditedEvents: async () => Number((await client.query('SELECT count(*) AS events FROM audit')).rows[0]?.events),
      end: async (signal) => {
        await server.end(signal)
        await client.end()
        await postgres.end()
      },
    }
  },
}
