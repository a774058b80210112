import { z } from 'zod'
import { clientFields, type Pet } from '../pets/pet'
import { parseIfJson } from './json'

/** The values of a form by field, as typed. */
export type PetFields = Record<string, string>

/** A field that a client sets, for the form and the table. */
export interface PetField {
  name: string
  label: string
  /** The choices; null for a text field. */
  options: readonly string[] | null
  isNumber: boolean
  /** Whether the value is a string. Other values are typed as JSON. */
  isText: boolean
  /** Whether to leave a blank field out of a request. */
  isOptional: boolean
  /** The value in the form of a new pet. */
  initial: string
}

const LABELS: Record<string, string> = { ageMonths: 'Age in months' }

const labelOf = (name: string): string => LABELS[name] ?? `${name.charAt(0).toUpperCase()}${name.slice(1)}`

const isWrapper = (schema: unknown) =>
  schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodNullable

const choicesOf = (schema: unknown): string[] | null => {
  if (schema instanceof z.ZodBoolean) return ['true', 'false']
  return schema instanceof z.ZodEnum ? schema.options.map(String) : null
}

/** The choice that leaves a field out. A select has no blank choices. */
const NONE = '–'

/** Returns a value as typed in a form; '' for a missing one. */
export const textOf = (value: unknown): string => {
  if (value === undefined || value === null) return ''
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** Returns a field of a form. */
export const fieldOf = (name: string, schema: z.ZodType): PetField => {
  let inner: unknown = schema
  while (isWrapper(inner)) inner = inner.unwrap()
  const { success: isOptional, data: value } = schema.safeParse(undefined)
  const choices = choicesOf(inner)
  const options = choices && isOptional && textOf(value) === '' ? [NONE, ...choices] : choices
  return {
    name,
    label: labelOf(name),
    options,
    isNumber: inner instanceof z.ZodNumber,
    isText: inner instanceof z.ZodType && (inner.type === 'string' || inner.type === 'enum'),
    isOptional,
    initial: textOf(value) || (options?.[0] ?? ''),
  }
}

/** The fields that a client sets, in the order of the schema. */
export const petFields: readonly PetField[] = Object.entries<z.ZodType>(clientFields).map(([name, schema]) =>
  fieldOf(name, schema),
)

/** Returns the initial values of a form: the fields of a pet, or those of a new one. */
export const fieldsOf = (pet?: Pet, fields = petFields): PetFields => {
  const values = new Map<string, unknown>(Object.entries(pet ?? {}))
  return Object.fromEntries(
    fields.map(({ name, initial, options }) => {
      if (!pet) return [name, initial]
      return [name, textOf(values.get(name)) || (options?.includes(NONE) ? NONE : '')]
    }),
  )
}

/** Returns the fields as the body of a request. Invalid JSON is sent as typed, so that the endpoint refuses it. */
export const bodyOf = (values: PetFields, fields = petFields): Record<string, unknown> =>
  Object.fromEntries(
    fields.flatMap(({ name, isText, isOptional }) => {
      const text = values[name] ?? ''
      return isOptional && (text === '' || text === NONE) ? [] : [[name, isText ? text : parseIfJson(text)]]
    }),
  )
