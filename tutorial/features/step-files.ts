import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { NAMESPACES, STEP_FOLDERS, stepPrefix } from '../../src/pets/pet'
import {
  createPetFeatures,
  deletePetFeatures,
  getPetFeatures,
  getPetsFeatures,
  updatePetFeatures,
} from './api-features'
import { type Feature, type FeatureDefinition, findLines, formatLines } from './feature'
import { auditTrailFeatures, deletionReaperFeatures, postCreateLiteFeatures } from './job-features'

const FEATURES: Record<string, FeatureDefinition[]> = {
  'create-pet.step.ts': createPetFeatures,
  'get-pets.step.ts': getPetsFeatures,
  'get-pet.step.ts': getPetFeatures,
  'update-pet.step.ts': updatePetFeatures,
  'delete-pet.step.ts': deletePetFeatures,
  'postcreate-lite.job.step.ts': postCreateLiteFeatures,
  'deletion-reaper.cron.step.ts': deletionReaperFeatures,
  'audit-trail.job.step.ts': auditTrailFeatures,
}

/** A step file with its features, whose texts name its namespace. */
export interface StepFile {
  /** Path of the step file, relative to the project. */
  path: string
  definitions: FeatureDefinition[]
}

/** Every step file that has features: all namespaces, from one definition. */
export const stepFiles: StepFile[] = NAMESPACES.flatMap((ns) => {
  const fill = (text: string) => text.replaceAll('<ns>', ns).replaceAll('<Ns>', stepPrefix(ns))
  return Object.entries(FEATURES).map(([file, definitions]) => ({
    path: `steps/${STEP_FOLDERS[ns]}/${file}`,
    definitions: definitions.map(({ startsOn, endsOn, description, ...rest }) => ({
      ...rest,
      description: fill(description),
      startsOn: fill(startsOn),
      ...(endsOn === undefined ? {} : { endsOn: fill(endsOn) }),
    })),
  }))
})

/** Returns the features of a step file with their lines in its source. Throws if one is not found. */
export const locateFeatures = (root: string, { path, definitions }: StepFile): Feature[] => {
  const source = readFileSync(join(root, path), 'utf8')
  return definitions.map((definition) => {
    const { id, title, description } = definition
    try {
      return { id, title, description, lines: [formatLines(findLines(source, definition))] }
    } catch (cause) {
      throw new Error(`${path}: ${cause instanceof Error ? cause.message : cause}`, { cause })
    }
  })
}

/** Returns the file in which Motia looks for the features of a step. */
export const featuresFile = (path: string): string => `${path}-features.json`

/** Writes the features of every step file, and returns the files that changed. Writes nothing if one is not found. */
export const writeFeatures = (root: string): string[] => {
  const wanted = stepFiles.map((file) => ({
    path: featuresFile(file.path),
    text: `${JSON.stringify(locateFeatures(root, file), null, 2)}\n`,
  }))
  const changed = wanted.filter(({ path, text }) => readIfThere(join(root, path)) !== text)
  for (const { path, text } of changed) writeFileSync(join(root, path), text)
  return changed.map(({ path }) => path)
}

const readIfThere = (path: string): string | null => {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return null
  }
}
