import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)

/**
 * Runs a block of curl commands in bash, word for word but for the address: `localhost:3000` stands for `url`, and
 * `/js/pets` for the namespace's path. Answers what the commands printed; rejects where one fails.
 */
export const runCurlBlock = async (block: string, url: string, namespace: string): Promise<string> => {
  const commands = block
    .replaceAll(/http:\/\/(localhost|127\.0\.0\.1):3000/g, url)
    .replaceAll('/js/pets', `/${namespace}/pets`)
    // Each answer on a line of its own, and no progress meter.
    .replaceAll(/^curl /gm, "curl -sS -w '\\n' ")
  const { stdout } = await run('bash', ['-euo', 'pipefail', '-c', commands])
  return stdout
}

/** The JSON answers in what such a block printed. */
export const answersOf = (stdout: string): unknown[] =>
  stdout
    .split('\n')
    .filter((line) => line.length > 0)
    .map((line) => JSON.parse(line))
