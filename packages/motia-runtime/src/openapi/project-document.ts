import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ApiRouteConfig, Step } from 'motia'
import { z } from 'zod'
import type { RuntimeHooks } from '../server/options'
import type { StepModules } from '../steps/step-modules'
import type { ApiObject } from './description'
import { openApiDocument } from './document'
import type { ApiOperation } from './operation'

/** What a project's document is made from. */
export interface ProjectDocument {
  root: string
  /** The options of these names. `name` is the title of the document if the hooks give it none. */
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

/** Motia's config has the schemas as plain JSON Schema. The step's file has those of zod, with their ids. */
const withSchemas = (config: ApiRouteConfig, exported: unknown): ApiOperation => ({
  ...config,
  ...schemas.parse(exported),
})

const packageJson = z.object({ version: z.string() })

/** Returns the version in the project's `package.json`, `0.0.0` if there is none. */
const versionOf = (root: string): string => {
  try {
    return packageJson.parse(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))).version
  } catch {
    return '0.0.0'
  }
}
