import { execFile, execFileSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type Child, startChild } from '../support/child'
import { freePort } from '../support/free-port'
import { linkPackages } from '../support/project-copy'
import { startRedis } from '../support/redis'
import { ROOT, serverEnvironment } from '../support/server'
import { makeTempDir } from '../support/temp-dir'
import { lineWithoutTimes } from '../support/without-times'

const run = promisify(execFile)

/** The address of the published project and the folder of a reader, as on the pages. */
export const PUBLISHED = 'https://github.com/your-org/pet-store.git'
const HOME = '/home/you/pet-store'

/** How a page names a port. */
const PORT = /(localhost:|127\.0\.0\.1:|PORT=)(\d+)/g

/** Commits the working tree to a repository of its own, from which sessions clone the project. Returns its folder. */
export const publishProject = (): string => {
  const repository = makeTempDir('pet-store-git-')
  const git = (...args: string[]) =>
    execFileSync('git', ['--git-dir', repository, '--work-tree', ROOT, ...args], { stdio: 'ignore' })
  git('init')
  git('add', '--all', '.')
  git('-c', 'user.name=test', '-c', 'user.email=test@localhost', 'commit', '--message', 'The working tree')
  return repository
}

/** A reader's terminal: one folder and one environment, which commands change. Ports and packages are the test's own. */
export class Session {
  readonly #folder = makeTempDir('pet-store-page-')
  /** The ports in use here, by the ports on the page. */
  readonly #ports = new Map<string, string>()
  #env: NodeJS.ProcessEnv = {}
  cwd = this.#folder

  /** Prepares for a page: `git clone` clones the repository, and a Redis runs if the page uses its port. */
  async open(repository: string, page: string): Promise<void> {
    const documented = new Set(Array.from(page.matchAll(PORT), ([, , port = '']) => port)).add('3000')
    for (const port of documented) this.#ports.set(port, String(await freePort()))
    const redisPort = this.#ports.get('6379')
    if (redisPort) await startRedis(undefined, { port: Number(redisPort) })
    writeFileSync(join(this.#folder, '.curlrc'), 'silent\nshow-error\nwrite-out = "\\n"\n')
    this.#env = serverEnvironment({
      ...{ PORT: this.#ports.get('3000') ?? '', CURL_HOME: this.#folder, NO_COLOR: '1' },
      ...{ GIT_CONFIG_COUNT: '1', GIT_CONFIG_KEY_0: `url.${repository}.insteadOf`, GIT_CONFIG_VALUE_0: PUBLISHED },
      ...{ npm_config_offline: 'true', npm_config_update_notifier: 'false' },
    })
  }

  /** Runs commands and returns what they print. Rejects if one fails. */
  async run(text: string): Promise<string> {
    const after = join(this.#folder, 'after')
    const script = `set -aeuo pipefail; trap '{ pwd; env -0; } > ${after}' EXIT\n${this.#real(text)}\n`
    const options = { cwd: this.cwd, env: this.#env, maxBuffer: 50_000_000 }
    const { stdout } = await run('bash', ['-c', script], options).catch((error) => {
      throw new Error(`${text} failed:\n${error.stdout}${error.stderr}`, { cause: error })
    })
    const [cwd = '', ...lines] = readFileSync(after, 'utf8').split('\n')
    this.cwd = cwd
    this.#env = Object.fromEntries(
      lines
        .join('\n')
        .split('\0')
        .map((pair) => pair.split(/=(.*)/s)),
    )
    this.#install()
    return stdout
  }

  /** Starts commands that keep running, and change neither folder nor environment. */
  start(text: string): Child {
    return startChild(['bash', '-euc', this.#real(text)], { cwd: this.cwd, env: this.#env })
  }

  /** Returns what was printed as the page would show it, without times. */
  plain(text: string): string {
    let plain = text.trimEnd().replaceAll(join(this.#folder, 'pet-store'), HOME)
    for (const [documented, port] of this.#ports) plain = plain.replaceAll(`:${port}`, `:${documented}`)
    const lines = plain
      .split('\n')
      .map((line) => line.replace(/^\[[-\d]+ [:\d]+\]( (?!\[)\S+)?/, '[TIME] TRACE').trimEnd())
    return lines.map(lineWithoutTimes).join('\n')
  }

  /** Does what npm would do, with the packages of this checkout. */
  #install(): void {
    if (!existsSync(join(this.cwd, 'package-lock.json')) || existsSync(join(this.cwd, 'node_modules'))) return
    linkPackages(join(ROOT, 'node_modules'), join(this.cwd, 'node_modules'))
    // Newer than the lock file: everything is installed.
    writeFileSync(join(this.cwd, 'node_modules/.package-lock.json'), '{}')
  }

  #real(text: string): string {
    return text.replaceAll(PORT, (_, place, port) => `${place}${this.#ports.get(port)}`)
  }
}
