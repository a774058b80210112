import { readFileSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { z } from 'zod'

/**
 * Returns name and version in a project's `package.json`. Without them, the name is that of the folder, and the version
 * is `0.0.0`.
 */
export const projectPackage = (root: string): { name: string; version: string } => {
  const schema = z.object({ name: z.string().default(basename(resolve(root))), version: z.string().default('0.0.0') })
  try {
    return schema.parse(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')))
  } catch {
    return schema.parse({})
  }
}
