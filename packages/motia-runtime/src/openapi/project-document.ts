import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ApiRouteConfig, Step } from 'motia'
import { z } from 'zod'
import type { RuntimeHooks } from '../server/options'
import type { StepModules } from '../steps/step-modules'
import type { ApiObject } from './description'
import { openApiDocument } from './document'
import type { ApiOperation } from './operation'

/** The parts of a project's document. */
export interface ProjectDocument {
  root: string
  /** Options of the runtime. `name` is the title of the document unless the hooks return another. */
  name: string
  metrics: boolean
  apiKeys: readonly unknown[]
  /** The API steps in service. */
  steps: readonly Step<ApiRouteConfig>[]
  modules: Pick<StepModules, 'step'>
  hooks: RuntimeHooks
}

/** Returns the OpenAPI document of a project. */
export const projectDocument = (project: ProjectDocument): ApiObject =>
  openApiDocument({
    title: project.name,
    version: versionOf(project.root),
    hasMetrics: project.metrics,
    needsKey: project.apiKeys.length > 0,
    ...project.hooks.openapi?.(),
    operations: project.steps.map(({ config, filePath }) =>
      withSchemas(config, project.modules.step(filePath)?.config),
    ),
  })

const schemas = z.object({
  bodySchema: z.unknown().optional(),
  responseSchema: z.record(z.string(), z.unknown()).default({}),
})

/** Returns the config with the zod schemas of the step's file, which have ids, instead of Motia's plain JSON Schema. */
const withSchemas = (config: ApiRouteConfig, exported: unknown): ApiOperation => ({
  ...config,
  ...schemas.parse(exported),
})

const packageJson = z.object({ version: z.string() })

/** Returns the version in the project's `package.json`; `0.0.0` if there is none. */
const versionOf = (root: string): string => {
  try {
    return packageJson.parse(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))).version
  } catch {
    return '0.0.0'
  }
}
