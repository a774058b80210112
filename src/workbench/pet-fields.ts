import { z } from 'zod'
import { clientFields, type Pet } from '../pets/pet'

/** The values of a form by field, as typed. */
export type PetFields = Record<string, string>

/** A field that a client sets, for the form and the table. */
export interface PetField {
  name: string
  label: string
  /** The choices; null for a text field. */
  options: readonly string[] | null
  isNumber: boolean
  /** Whether to leave a blank field out of a request. */
  isOptional: boolean
}

const LABELS: Record<string, string> = { ageMonths: 'Age in months' }

const labelOf = (name: string): string => LABELS[name] ?? `${name.charAt(0).toUpperCase()}${name.slice(1)}`

const describe = ([name, schema]: [string, z.ZodType]): PetField => {
  let inner: unknown = schema
  while (inner instanceof z.ZodOptional || inner instanceof z.ZodDefault) inner = inner.unwrap()
  return {
    name,
    label: labelOf(name),
    options: inner instanceof z.ZodEnum ? inner.options.map(String) : null,
    isNumber: inner instanceof z.ZodNumber,
    isOptional: inner !== schema,
  }
}

/** The fields that a client sets, in the order of the schema. */
export const petFields: readonly PetField[] = Object.entries<z.ZodType>(clientFields).map(describe)

/** Returns the initial values of a form: the fields of a pet, or those of a new one. */
export const fieldsOf = (pet?: Pet): PetFields => {
  const values = new Map<string, unknown>(Object.entries(pet ?? {}))
  return Object.fromEntries(
    petFields.map(({ name, options }) => [name, String(values.get(name) ?? options?.[0] ?? '')]),
  )
}

/**
 * Returns the fields as the body of a request. Invalid numbers are sent as typed, so that the endpoint refuses them.
 */
export const bodyOf = (fields: PetFields): Record<string, unknown> =>
  Object.fromEntries(
    petFields.flatMap(({ name, isNumber, isOptional }) => {
      const text = fields[name] ?? ''
      if (isOptional && text === '') return []
      const isTyped = isNumber && text.trim() !== '' && !Number.isNaN(Number(text))
      return [[name, isTyped ? Number(text) : text]]
    }),
  )
