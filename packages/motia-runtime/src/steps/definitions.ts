import { relative } from 'node:path'
import { isApiStep, isEventStep, type Step } from 'motia'
import type { StreamFile } from './step-registry'

/** What a file defines: a step or a stream. */
export type Definition = Step | StreamFile

/** Two files that define the same thing. */
export interface Conflict {
  first: string
  second: string
  /** What they share, as a text to which the name of the other file is appended. */
  text: string
}

/**
 * Returns two definitions that cannot both be in service; null if there are none. Motia identifies steps, their queues,
 * locks and traces by name, and the first of two steps gets all requests to a route. Usually one of the files is a copy
 * that must still be edited.
 */
export const findConflict = (definitions: Definition[]): Conflict | null => {
  const owners = new Map<string, string>()
  for (const definition of definitions) {
    for (const [claim, text] of claimsOf(definition)) {
      const first = owners.get(claim)
      if (first !== undefined) return { first, second: definition.filePath, text }
      owners.set(claim, definition.filePath)
    }
  }
  return null
}

/** Returns what is wrong with one of the two files in conflict. */
export const conflictProblem = (root: string, { first, second, text }: Conflict, file: string): string =>
  `${text} ${relative(root, file === second ? first : second)}`

/** Returns whether a definition is a step. */
export const isStep = (definition: Definition): definition is Step => 'type' in definition.config

/** Returns whether a definition is a stream. */
export const isStream = (definition: Definition): definition is StreamFile => !isStep(definition)

/** Returns the names that only one definition may have, each with the beginning of the error message. */
const claimsOf = (definition: Definition): [claim: string, text: string][] => {
  const { name } = definition.config
  if (!isStep(definition)) return [[`stream ${name}`, `the name ${name} is already used by the stream in`]]
  const claims: [string, string][] = [[`step ${name}`, `the name ${name} is already used by the step in`]]
  if (isApiStep(definition)) {
    const { method, path } = definition.config
    // As express compares them: ignoring case, a slash at the end, and the names of parameters.
    const route = path
      .replaceAll(/:\w+/g, ':')
      .replace(/(?<=.)\/$/, '')
      .toLowerCase()
    claims.push([`route ${method} ${route}`, `${method} ${path} is already served by the step in`])
  }
  if (isEventStep(definition)) {
    for (const topic of definition.config.subscribes) {
      const queue = `${topic}.${name}`
      claims.push([`queue ${queue}`, `the queue ${queue} is already used by the step in`])
    }
  }
  return claims
}
