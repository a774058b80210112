import type { ApiRouteConfig, Step } from 'motia'
import { z } from 'zod'
import type { RuntimeHooks } from '../server/options'
import { projectPackage } from '../server/project-package'
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
    version: projectPackage(project.root).version,
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
