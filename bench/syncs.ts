import { chmodSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { makeTempDir } from '../tests/support/temp-dir'
import type { Contender, ContenderKey } from './contenders/contender'
import { ensureCommand } from './contenders/install'
import { Session } from './session'

/** How often a contender syncs a file to the disk for each create, including its job. */
export interface Syncs {
  contender: ContenderKey
  clients: number
  perCreate: number
}

/** Counts fsync and fdatasync calls with strace; returns the reason if strace is missing and cannot be installed. */
export const countSyncs = async (contenders: Contender[], amount: number): Promise<Syncs[] | string> => {
  try {
    await ensureCommand('strace', 'strace')
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
  const syncs: Syncs[] = []
  for (const contender of contenders) syncs.push(...(await countFor(contender, amount)))
  return syncs
}

const countFor = async (contender: Contender, amount: number): Promise<Syncs[]> => {
  const dir = makeTempDir('pet-store-bench-')
  // PostgreSQL's user writes here too.
  chmodSync(dir, 0o777)
  const log = join(dir, 'syncs.log')
  // --seccomp-bpf: no stop at other system calls, which would slow them. -D: the process keeps its place in the tree.
  const tracer = ['strace', '-D', '-f', '-qq', '--seccomp-bpf', '-e', 'trace=fsync,fdatasync', '-o', log]
  const server = await contender.start(100, tracer)
  const session = new Session(contender, server)
  const count = () => readFileSync(log, 'utf8').split(/ f(?:data)?sync\(/).length - 1
  await session.run({ operation: 'POST', clients: 10 }, amount)
  const syncs: Syncs[] = []
  for (const clients of [1, 10]) {
    const before = count()
    const { requests } = await session.run({ operation: 'POST', clients }, amount)
    await session.checkAudit()
    syncs.push({ contender: contender.key, clients, perCreate: (count() - before) / requests })
  }
  await server.end()
  return syncs
}
