import { writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { isApiStep } from 'motia'
import { projectDocument } from '../openapi/project-document'
import { writeTypesFile } from '../steps/types-file'
import { openProject } from './open-project'
import { type RuntimeConfig, resolveOptions } from './options'

const OPENAPI_OPTIONS = {
  output: { type: 'string', short: 'o', default: 'openapi.json' },
  title: { type: 'string', short: 't' },
  version: { type: 'string', short: 'v' },
} as const

/** Writes the project's `types.d.ts` without starting a server. Throws the errors of a start. */
export const writeTypes = async (root: string, config: RuntimeConfig): Promise<void> => {
  const { modules, steps, streams, hooks } = await openProject(resolveOptions(root, config.runtime))
  try {
    writeTypesFile(root, { steps, streams, topics: hooks().topics ?? {} })
  } finally {
    await modules.close()
  }
}

/**
 * Writes the project's OpenAPI document without starting a server. Accepts the options of `motia generate openapi`: a
 * file, a title and a version. Throws the errors of a start.
 */
export const writeOpenApi = async (root: string, config: RuntimeConfig, args: string[]): Promise<void> => {
  const { output, ...info } = parseArgs({ args, options: OPENAPI_OPTIONS }).values
  const options = resolveOptions(root, config.runtime)
  const { modules, steps, hooks } = await openProject(options)
  try {
    const document = projectDocument({
      ...options,
      modules,
      steps: steps.filter(isApiStep),
      hooks: { openapi: () => ({ ...hooks().openapi?.(), ...info }) },
    })
    writeFileSync(resolve(root, output), `${JSON.stringify(document, null, 2)}\n`)
    console.info(`The OpenAPI document is in ${output}`)
  } finally {
    await modules.close()
  }
}
