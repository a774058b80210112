import { z } from 'zod'
import type { Components } from './components'
import type { ApiObject, OperationDescription } from './description'
import type { ApiOperation } from './operation'

/** A parameter in the path: `:id`, `:id(\\d+)`, `:id?`. */
const PATH_PARAMETER = /:(\w+)(?:\([^)]*\))?[?*+]?/g

/** Returns an express path as OpenAPI writes it: `/pets/{id}`. */
export const openApiPath = (path: string): string =>
  path.replaceAll(PATH_PARAMETER, '{$1}').replaceAll('*', '{wildcard}')

/** A parameter that the step's config names. */
interface Named {
  name: string
  description?: string
}

const namesIn = (path: string): Named[] =>
  Array.from(openApiPath(path).matchAll(/{(\w+)}/g), ([, name = '']) => ({ name }))

/** Returns the parameters of an operation: those in its config and those in its description. */
export const parametersOf = (
  { name, path, queryParams = [] }: ApiOperation,
  details: OperationDescription,
  components: Components,
): ApiObject[] => {
  const list = (place: string, named: readonly Named[], fields: z.core.$ZodShape = {}): ApiObject[] => {
    const others = Object.keys(fields).filter((key) => named.every((known) => known.name !== key))
    return [...named, ...others.map((key) => ({ name: key }))].map((parameter) => {
      const field = fields[parameter.name]
      return {
        ...parameter,
        in: place,
        required: place === 'path' || isRequired(field),
        ...textOf(field, components, `${name}${parameter.name}`),
      }
    })
  }
  return [
    ...list('path', namesIn(path), details.path?.shape),
    ...list('query', queryParams, details.query?.shape),
    ...list('header', [], details.headers?.shape),
  ]
}

/** Returns the described headers of a response by their names. */
export const headersOf = (fields: z.core.$ZodShape, components: Components, place: string): ApiObject =>
  Object.fromEntries(
    Object.entries(fields).map(([name, field]) => [
      name,
      { required: isRequired(field), ...textOf(field, components, place + name) },
    ]),
  )

const isRequired = (field: z.core.$ZodType | undefined): boolean =>
  field !== undefined && !z.safeParse(field, undefined).success

/** Returns the description and the schema of a parameter or header. The schema is that of the parsed value. */
const textOf = (field: z.core.$ZodType | undefined, components: Components, place: string): ApiObject => {
  if (!field) return { schema: { type: 'string' } }
  const { description, ...schema } = components.schemaOf(field, 'output', place)
  return { ...(description !== undefined && { description }), schema: withoutNull(schema) }
}

/** A parameter that is left out may mean null to the step, but no text does. */
const withoutNull = ({ default: preset, anyOf, type, ...schema }: ApiObject): ApiObject => {
  const kinds = asList(anyOf).filter((kind) => Object(kind).type !== 'null')
  const types = asList(type).filter((name) => name !== 'null')
  return {
    ...schema,
    ...(kinds.length > 1 ? { anyOf: kinds } : kinds[0]),
    ...(types.length > 0 && { type: types.length > 1 ? types : types[0] }),
    ...(preset !== null && preset !== undefined && { default: preset }),
  }
}

const asList = (value: unknown) => (value === undefined ? [] : [value].flat())
