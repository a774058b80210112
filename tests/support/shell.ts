import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** The values that replace those in a block. */
export interface CurlTarget {
  /** Replaces `http://localhost:3000`. */
  url: string
  /** Replaces `js` in `/js/pets`. */
  namespace: string
  /** Replaces the `1` in `/js/pets/1`. Default: 1. */
  petId?: string
}

/**
 * Runs a block of curl commands in bash, unchanged except for address, namespace and pet. Returns what the commands
 * printed; rejects if one fails.
 */
export const runCurlBlock = async (block: string, { url, namespace, petId = '1' }: CurlTarget): Promise<string> => {
  const commands = block
    .replaceAll(/http:\/\/(localhost|127\.0\.0\.1):3000/g, url)
    .replaceAll(/\/js\/pets\/1\b/g, `/js/pets/${petId}`)
    .replaceAll('/js/pets', `/${namespace}/pets`)
    // Each response on a separate line, and no progress meter.
    .replaceAll(/^curl /gm, "curl -sS -w '\\n' ")
  const { stdout } = await run('bash', ['-euo', 'pipefail', '-c', commands])
  return stdout
}

/** Returns the JSON responses in the output of such a block. */
export const answersOf = (stdout: string): unknown[] =>
  stdout
    .split('\n')
    .filter((line) => line.length > 0)
    .map((line) => JSON.parse(line))
