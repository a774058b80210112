import { writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { isApiStep } from 'motia'
import { projectDocument } from '../openapi/project-document'
import { loadProject } from '../steps/project'
import { hooksOf } from './hooks'
import { type RuntimeConfig, resolveOptions } from './options'

const OPTIONS = {
  output: { type: 'string', short: 'o', default: 'openapi.json' },
  title: { type: 'string', short: 't' },
  version: { type: 'string', short: 'v' },
} as const

/**
 * Writes the project's OpenAPI document without starting a server. Accepts the options of `motia generate openapi`: a
 * file, a title and a version. Throws the errors of a start.
 */
export const writeOpenApi = async (root: string, config: RuntimeConfig, args: string[]): Promise<void> => {
  const { output, ...info } = parseArgs({ args, options: OPTIONS }).values
  const options = resolveOptions(root, config.runtime)
  const { modules, steps } = await loadProject(root, options.hooks ? [options.hooks] : [])
  try {
    const hooks = hooksOf(modules, options)()
    const document = projectDocument({
      ...options,
      modules,
      steps: steps.filter(isApiStep),
      hooks: { openapi: () => ({ ...hooks.openapi?.(), ...info }) },
    })
    writeFileSync(resolve(root, output), `${JSON.stringify(document, null, 2)}\n`)
    console.info(`The OpenAPI document is in ${output}`)
  } finally {
    await modules.close()
  }
}
