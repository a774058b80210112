import { execFile } from 'node:child_process'
import { mkdirSync, readdirSync } from 'node:fs'
import { chown, writeFile } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { makeTempDir } from '../../tests/support/temp-dir'
import { findCommand, install } from './install'
import { asUser, hasLogged, type ServerProcess, startProcess } from './server-process'

const run = promisify(execFile)

/** A PostgreSQL server for one run, with its default settings: durable, `synchronous_commit=on`. */
export interface Postgres extends ServerProcess {
  /** Connects over a Unix socket. */
  url: string
  /** A folder into which its user may write. */
  dir: string
}

/** PostgreSQL refuses to run as root. */
const USER = userInfo().uid === 0 ? 'postgres' : undefined

/** Debian installs the server's commands here, by version, and not in PATH. */
const DEBIAN = '/usr/lib/postgresql'

const folders = (): string[] => {
  const versions = (() => {
    try {
      return readdirSync(DEBIAN)
    } catch {
      return []
    }
  })()
  const newestFirst = versions.sort((a, b) => Number(b) - Number(a)).map((version) => join(DEBIAN, version, 'bin'))
  return [...newestFirst, ...(process.env.PATH ?? '').split(delimiter)]
}

/** Starts a new, empty cluster; installs PostgreSQL if it is missing. */
export const startPostgres = async (tracer: string[] = []): Promise<Postgres> => {
  if (!findCommand('initdb', folders())) await install('initdb', 'postgresql')
  const [initdb, postgres] = ['initdb', 'postgres'].map((name) => findCommand(name, folders()))
  if (!initdb || !postgres)
    throw new Error('PostgreSQL is installed, but its commands initdb and postgres are not found')
  const dir = makeTempDir('pet-store-bench-')
  const data = join(dir, 'data')
  const logFile = join(dir, 'output.log')
  mkdirSync(data)
  await writeFile(logFile, '')
  if (USER) {
    const [uid = 0, gid = 0] = await Promise.all(
      ['-u', '-g'].map(async (flag) => Number((await run('id', [flag, USER])).stdout)),
    )
    await Promise.all([dir, data].map((folder) => chown(folder, uid, gid)))
  }
  const [file = '', ...args] = [...(USER ? asUser(USER) : []), initdb]
  await run(file, [
    ...args,
    '--pgdata',
    data,
    '--username',
    'pets',
    '--auth',
    'trust',
    '--encoding',
    'UTF8',
    '--no-locale',
  ])
  const server = await startProcess({
    // No TCP: the socket is faster, and needs no port.
    command: [...tracer, postgres, '-D', data, '-k', dir, '-c', 'listen_addresses='],
    user: USER,
    logFile,
    isReady: () => hasLogged(logFile, 'database system is ready to accept connections'),
  })
  // SIGQUIT ends it at once: nobody needs its data any more.
  return { ...server, url: `postgres://pets@localhost/postgres?host=${dir}`, dir, end: () => server.end('SIGQUIT') }
}
