import assert from 'node:assert/strict'
import { chmodSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { startServer } from '../support/server'
import { waitFor } from '../support/wait-for'
import { type Answer, Client } from './client'
import { Ledger } from './ledger'
import { type Load, startLoad } from './load'
import { type Chaos, checkNothingLeft, readStore, waitForJobs } from './scenario'

const messageSchema = z.object({ message: z.string() })
const petSchema = z.object({ id: z.string(), name: z.string() })

/**
 * A person edits, replaces, breaks, empties, deletes and write-protects the data file while requests run: what each means is
 * in docs/deployment.md, "The data file".
 */
export const byHand = async ({ seed, say }: Chaos): Promise<void> => {
  const server = await startServer()
  const { url, dataDir } = server
  const file = join(dataDir, 'pets.json')
  const client = new Client(url)
  const create = () => client.send('POST', '/js/pets', { name: 'Rex', species: 'dog', ageMonths: 12 })
  const createdPet = async () => petSchema.parse((await create()).body)
  const nameOf = async (id: string) => {
    const answer = await client.send('GET', `/py/pets/${id}`)
    return answer.status === 200 ? petSchema.parse(answer.body).name : answer.status
  }
  /** As `sed -i` and most editors do: a new file in the place of the old. */
  const put = (text: string) => {
    writeFileSync(`${file}.new`, text, { mode: 0o644 })
    renameSync(`${file}.new`, file)
  }
  const ledger = new Ledger()
  let answers: Answer[] = []
  const loaded = async (run: () => Promise<void>): Promise<void> => {
    answers = []
    const load: Load = startLoad({
      url,
      ledger,
      seed: seed + ledger.acknowledged,
      clients: 4,
      pause: 5,
      onAnswer: (answer) => answers.push(answer),
    })
    await waitFor(() => answers.length > 20, { what: 'the load' })
    await run()
    const failures = await load.stop()
    assert.equal(failures.size, 0, 'a connection was lost')
  }
  const onlySuccess = () => assert.deepEqual(answers.filter(({ status }) => status >= 400).slice(0, 3), [])
  const outageIs = (messages: RegExp) => {
    for (const { status, body } of answers) {
      if (status < 400) continue
      assert.equal(status, 503)
      assert.match(messageSchema.parse(body).message, messages)
    }
  }
  const refuses = async (message: RegExp, { reads }: { reads: boolean }) => {
    const [written, read, health] = [
      await create(),
      await client.send('GET', '/ts/pets'),
      await client.send('GET', '/health'),
    ]
    assert.equal(written.status, 503)
    assert.match(messageSchema.parse(written.body).message, message)
    assert.deepEqual([read.status, health.status], reads ? [200, 200] : [503, 503])
    assert(!written.text.includes(dataDir), 'an answer holds a path')
  }

  const rex = await createdPet()
  await loaded(async () => {
    const text = readFileSync(file, 'utf8').replace('"name": "Rex"', '"name": "Renamed"')
    put(text)
    // A change that was under way may have been the last to read the old file; it has then been made again on the new one.
    assert.equal(await nameOf(rex.id), 'Renamed')
  })
  onlySuccess()
  say('replaced by a rename: counts from the next request on')

  await loaded(async () => {
    writeFileSync(file, readFileSync(file, 'utf8').replace('"name": "Renamed"', '"name": "Edited"'))
    assert.equal(await nameOf(rex.id), 'Edited')
  })
  // An edit in place has a moment in which the file is cut: requests in that moment get a 503.
  outageIs(/^The data file is not/)
  say('edited in place: counts from the next request on')

  // What was acknowledged between the reading and the saving of these edits is lost: an editor knows no lock. From here on
  // the server's own promise counts again.
  ledger.pets.clear()
  await loaded(async () => {
    chmodSync(file, 0o444)
    await refuses(/^The data file is read-only$/, { reads: true })
    await sleep(200)
    const before = statSync(file, { bigint: true })
    const text = readFileSync(file, 'utf8').replace('"name": "Edited"', '"name": "Edited in peace"')
    await sleep(200)
    assert.equal(statSync(file, { bigint: true }).mtimeNs, before.mtimeNs, 'a read-only file was replaced')
    put(text)
    assert.equal(await nameOf(rex.id), 'Edited in peace')
    assert.equal((await create()).status, 201)
  })
  outageIs(/^The data file is read-only$/)
  ledger.compare(readStore(dataDir).pets)
  say('read-only: reads go on, changes get a 503; edited under that protection, nothing is lost')

  await loaded(async () => {
    chmodSync(file, 0o444)
    const good = readFileSync(file, 'utf8')
    for (const [what, broken, message] of [
      ['broken', `${good.slice(0, -30)},`, /^The data file is not valid JSON/],
      ['emptied', '', /^The data file is not valid JSON/],
      ['no store', '{"seq": 1}', /^The data file is not a valid store: pets: /],
    ] as const) {
      put(broken)
      await refuses(message, { reads: false })
      await sleep(200)
      assert.equal(readFileSync(file, 'utf8'), broken, `the file that was ${what} was overwritten`)
    }
    put(good)
    assert.equal((await create()).status, 201)
  })
  outageIs(/^The data file is (read-only$|not )/)
  ledger.compare(readStore(dataDir).pets)
  say('broken or emptied: 503 that names the problem, the file stays as it is, all goes on once it is mended')

  await waitForJobs(dataDir, 60_000)
  await loaded(async () => {
    chmodSync(file, 0o444)
    await sleep(100)
    ledger.pets.clear()
    rmSync(file)
    assert.equal((await createdPet()).name, 'Rex')
    assert(readStore(dataDir).seq < 100, 'the ids do not begin anew')
  })
  await waitForJobs(dataDir, 60_000)
  say('deleted: an empty store, ids from 1 on')

  const exit = await server.stop()
  assert.equal(exit.code, 0)
  checkNothingLeft(dataDir)
  client.close()
}
