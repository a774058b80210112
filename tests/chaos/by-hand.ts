import assert from 'node:assert/strict'
import { chmodSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { withFileLock } from 'motia-runtime'
import { z } from 'zod'
import { startServer } from '../support/server'
import { waitFor } from '../support/wait-for'
import { type Answer, Client } from './client'
import { Ledger } from './ledger'
import { startLoad } from './load'
import { type Chaos, checkNothingLeft, petsIn, readStore, waitForEvents } from './scenario'
import { makeFolder } from './world'

const messageSchema = z.object({ message: z.string() })
const petSchema = z.object({ id: z.string(), name: z.string() })

/**
 * A person edits, replaces, breaks, empties, deletes and write-protects the data file while requests run. The expected effects
 * are in docs/data.md, "Edit pets.json".
 */
export const byHand = async ({ seed, say }: Chaos): Promise<void> => {
  const world = await makeFolder()
  const { dataDir } = world
  const server = await startServer(world.options)
  const { url } = server
  const file = join(dataDir, 'pets.json')
  const client = new Client(url)
  const create = () => client.send('POST', '/js/pets', { name: 'Rex', species: 'dog', ageMonths: 12 })
  const createdPet = async () => petSchema.parse((await create()).body)
  const nameOf = async (id: string) => {
    const answer = await client.send('GET', `/js/pets/${id}`)
    return answer.status === 200 ? petSchema.parse(answer.body).name : answer.status
  }
  /** As `sed -i` and most editors do: a new file replaces the old one. */
  const put = (text: string) => {
    writeFileSync(`${file}.new`, text, { mode: 0o644 })
    renameSync(`${file}.new`, file)
  }
  /**
   * Edits the file while no server replaces it. An edit of a version that a server has just replaced would undo that server's
   * changes. The docs allow that, but the clients here do not expect it.
   */
  const edit = (run: () => void) => withFileLock(`${file}.lock`, async () => run())
  let answers: Answer[] = []
  /** Waits until the clients have received that many more responses. */
  const more = (count: number) => {
    const enough = answers.length + count
    return waitFor(() => answers.length >= enough, { what: `${count} more responses` })
  }
  /** Does something while clients load the server. Returns what they know afterwards. */
  const loaded = async (run: () => Promise<void>): Promise<Ledger> => {
    answers = []
    const ledger = new Ledger()
    const load = startLoad({
      url,
      ledger,
      seed: seed++,
      clients: 4,
      pause: 5,
      onAnswer: (answer) => answers.push(answer),
    })
    await more(20)
    await run()
    const failures = await load.stop()
    assert.equal(failures.size, 0, 'a connection was lost')
    return ledger
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
    const written = await create()
    const read = await client.send('GET', '/js/pets')
    const health = await client.send('GET', '/health')
    assert.equal(written.status, 503)
    assert.match(messageSchema.parse(written.body).message, message)
    assert.deepEqual([read.status, health.status], reads ? [200, 200] : [503, 503])
    assert(!written.text.includes(dataDir), 'a response holds a path')
  }

  const rex = await createdPet()
  await waitFor(() => readStore(dataDir).pets[rex.id], { what: 'the file to hold the pet' })
  await loaded(async () => {
    await edit(() => put(readFileSync(file, 'utf8').replace('"name": "Rex"', '"name": "Renamed"')))
    assert.equal(await nameOf(rex.id), 'Renamed')
  })
  onlySuccess()
  say('replaced by a rename: counts from the next request on')

  await loaded(async () => {
    await edit(() => writeFileSync(file, readFileSync(file, 'utf8').replace('"name": "Renamed"', '"name": "Edited"')))
    assert.equal(await nameOf(rex.id), 'Edited')
  })
  // During an edit in place, the file is incomplete for a moment, in which requests get a 503.
  outageIs(/^The data file is not/)
  say('edited in place: counts from the next request on')

  const protectedLedger = await loaded(async () => {
    chmodSync(file, 0o444)
    await refuses(/^The data file is read-only$/, { reads: true })
    const before = statSync(file, { bigint: true })
    await more(40)
    assert.equal(statSync(file, { bigint: true }).mtimeNs, before.mtimeNs, 'a read-only file was replaced')
    put(readFileSync(file, 'utf8').replace('"name": "Edited"', '"name": "Edited in peace"'))
    assert.equal(await nameOf(rex.id), 'Edited in peace')
    assert.equal((await create()).status, 201)
  })
  outageIs(/^The data file is read-only$/)
  protectedLedger.compare(await petsIn(world))
  say('read-only: reads go on, changes get a 503; edited under that protection, nothing is lost')

  const brokenLedger = await loaded(async () => {
    // Nobody replaces the file between the read and the write that breaks it.
    chmodSync(file, 0o444)
    const good = readFileSync(file, 'utf8')
    for (const [what, broken, message] of [
      ['broken', `${good.slice(0, -30)},`, /^The data file is not valid JSON/],
      ['emptied', '', /^The data file is not valid JSON/],
      ['no store', '{"seq": 1}', /^The data file is not a valid store: pets: /],
    ] as const) {
      put(broken)
      await refuses(message, { reads: false })
      await more(20)
      assert.equal(readFileSync(file, 'utf8'), broken, `the file that was ${what} was overwritten`)
    }
    put(good)
    assert.equal((await create()).status, 201)
  })
  outageIs(/^The data file is (read-only$|not )/)
  brokenLedger.compare(await petsIn(world))
  for (const ledger of [protectedLedger, brokenLedger]) await waitForEvents(world, ledger, 60_000)
  say('broken or emptied: 503 that names the problem, the file stays as it is, all goes on once it is repaired')

  const before = await createdPet()
  const { text } = await client.send('GET', '/js/pets')
  await waitFor(() => readStore(dataDir).pets[before.id], { what: 'the file to hold the pet' })
  rmSync(file)
  const list = z.array(petSchema).parse((await client.send('GET', '/js/pets')).body)
  assert.deepEqual(list, [], 'the store is not empty')
  const after = await createdPet()
  assert(Number(after.id) > Number(before.id), `pet ${after.id} came after pet ${before.id}: ${text.slice(0, 200)}`)
  await waitFor(() => Object.keys(readStore(dataDir).pets).join() === after.id, {
    what: 'the file to hold the new pet',
  })
  say('deleted: an empty store, and no id is given twice')

  const exit = await server.stop()
  assert.equal(exit.code, 0)
  checkNothingLeft(dataDir)
  client.close()
}
