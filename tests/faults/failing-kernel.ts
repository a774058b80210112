import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Client } from '../chaos/client'
import type { Chaos } from '../chaos/scenario'
import { RUNTIME, startServer } from '../support/server'
import { makeTempDir } from '../support/temp-dir'
import { waitFor } from '../support/wait-for'

/** How many pets are created while calls fail. */
const PETS = 60

/**
 * System calls that fail in the kernel for a real server: every second one, or every second one on the named file. A client may
 * be refused with the message. Without a message, it must not be refused.
 */
const FAULTS: [call: string, code: string, file: string | null, refusal: RegExp | null][] = [
  ['fdatasync', 'EIO', null, /^The data file cannot be used \(EIO\)$/],
  // Unless the reserve provides the space.
  ['write', 'ENOSPC', 'pets.journal', /^There is no space left to store the change$/],
  ['openat', 'EMFILE', 'pets.journal', /^The data file cannot be used \(EMFILE\)$/],
  // libuv retries this call, so nobody notices.
  ['fdatasync', 'EINTR', null, null],
  // No request waits for the update of `pets.json`.
  ['fsync', 'EIO', 'pets.json.tmp', null],
  ['renameat2', 'EIO', null, null],
]

/** Shows that calls that fail in the kernel affect a real server in the same way as the failures that other tests inject. */
export const failingKernel = async ({ say }: Chaos): Promise<void> => {
  try {
    execFileSync('strace', ['-o', '/dev/null', 'true'], { stdio: 'pipe' })
  } catch {
    say('skipped: strace is not installed, or may not trace processes here')
    return
  }
  for (const [call, code, file, refusal] of FAULTS) {
    const refused = await underFault({ call, code, file, refusal })
    say(`${call} ${code}${file ? ` of ${file}` : ''}: ${refused} of ${PETS} creates were refused, the others were kept`)
  }
}

interface Plan {
  call: string
  code: string
  file: string | null
  refusal: RegExp | null
}

/** Returns how many creates were refused. */
const underFault = async ({ call, code, file, refusal }: Plan): Promise<number> => {
  const dataDir = makeTempDir()
  const trace = join(makeTempDir(), 'trace')
  const onlyFile = file ? ['-P', join(dataDir, file)] : []
  const inject = ['-e', `trace=${call}`, '-e', `inject=${call}:error=${code}:when=1+2`]
  const server = await startServer({
    dataDir,
    // One thread, so that every second call fails.
    env: { UV_THREADPOOL_SIZE: '1' },
    command: ['strace', '-f', '-o', trace, ...onlyFile, ...inject, process.execPath, RUNTIME, 'start'],
  })
  const client = new Client(server.url)
  const create = (name: string) => client.send('POST', '/js/pets', { name, species: 'dog', ageMonths: 1 })
  const kept: string[] = []
  let refused = 0
  for (let index = 0; index < PETS; index++) {
    const { status, body } = await create(`pet-${index}`)
    if (status === 201) {
      kept.push(`pet-${index}`)
      continue
    }
    refused += 1
    assert(status === 503 || status === 507, `a ${status}`)
    assert(typeof body === 'object' && body !== null && 'message' in body)
    assert.match(String(body.message), refusal ?? /^no refusal$/)
  }
  client.close()
  await server.stop('SIGKILL', { wholeGroup: true })
  assert.match(readFileSync(trace, 'utf8'), /INJECTED/, 'no call has failed')

  const next = await startServer({ dataDir })
  const shown = (await (await fetch(`${next.url}/js/pets`)).json()) as unknown
  assert(Array.isArray(shown))
  const names = new Set(shown.map((pet: { name: string }) => pet.name))
  assert.deepEqual(
    kept.filter((name) => !names.has(name)),
    [],
    'pets are lost',
  )
  const audited = () => next.audit().flatMap(({ topic, data }) => (topic === 'js.pet.created' ? [data.name] : []))
  await waitFor(() => new Set(audited()).size >= names.size, { what: 'each create to be audited', timeout: 60_000 })
  assert.equal(new Set(audited()).size, audited().length, 'an event is twice in the audit trail')
  await next.stop()
  return refused
}
