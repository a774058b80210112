import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'

const schema = z.object({ name: z.string().optional(), version: z.string().default('0.0.0') })

/** Returns name and version in a project's `package.json`. Without one, there is no name and the version is `0.0.0`. */
export const projectPackage = (root: string): z.infer<typeof schema> => {
  try {
    return schema.parse(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')))
  } catch {
    return schema.parse({})
  }
}
