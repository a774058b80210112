import { existsSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { findProjectFiles } from '../../packages/motia-runtime/src/steps/step-files'
import { type Feature, type FeatureDefinition, findLines } from '../../tutorial/features/feature'
import { featuresFile, locateFeatures, stepFiles } from '../../tutorial/features/step-files'
import { namespaces } from '../support/namespaces'
import { ROOT } from '../support/server'

const featuresSchema: z.ZodType<Feature[]> = z.array(
  z.strictObject({
    id: z.string().regex(/^[a-z]+(-[a-z]+)*$/),
    title: z.string().min(1).max(28, 'The Workbench does not wrap titles'),
    description: z.string().min(1).max(140),
    lines: z.tuple([z.string().regex(/^\d+(-\d+)?$/)]),
  }),
)

const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8')
const readFeatures = (path: string): Feature[] => featuresSchema.parse(JSON.parse(read(featuresFile(path))))
const paths = stepFiles.map(({ path }) => path)

test('Every step file that features are defined for exists', () => {
  expect(paths.length).toBeGreaterThan(0)
  expect(paths.filter((path) => !existsSync(join(ROOT, path)))).toEqual([])
})

test('When a step has features, then they are defined in tutorial/features', () => {
  const steps = findProjectFiles(ROOT).steps.map((path) => relative(ROOT, path))
  const undefinedOnes = steps.filter((path) => existsSync(join(ROOT, featuresFile(path))) && !paths.includes(path))
  expect(undefinedOnes).toEqual([])
})

describe.each(stepFiles)('$path', (file) => {
  const { path, definitions } = file

  test('has ranges that start and end on the code that the feature names', () => {
    const lines = read(path).split('\n')
    for (const [index, { startsOn, endsOn }] of definitions.entries()) {
      const [first = 0, last = first] = readFeatures(path)[index]?.lines[0].split('-').map(Number) ?? []
      expect(lines[first - 1]?.startsWith(startsOn)).toBe(true)
      expect(lines[last - 1]?.startsWith(endsOn ?? startsOn)).toBe(true)
    }
  })

  test('has the features that are defined for it, each under an id of its own, as `npm run tutorial:lines` writes them', () => {
    const features = readFeatures(path)
    expect(features).toEqual(locateFeatures(ROOT, file))
    expect(new Set(features.map(({ id }) => id)).size).toBe(features.length)
  })
})

test('The features of the namespaces differ in the namespace only', () => {
  const featuresOf = ({ folder, namespace: ns, prefix }: (typeof namespaces)[number]) =>
    paths
      .filter((path) => path.startsWith(`steps/${folder}/`))
      .map((path) => read(featuresFile(path)).replace(new RegExp(`\\b${ns}(?=[./])`, 'g'), 'js'))
      .map((text) => text.replaceAll(`['${prefix}`, "['Js"))
  const [first, ...others] = namespaces.map(featuresOf)
  expect(first).not.toEqual([])
  for (const other of others) expect(other).toEqual(first)
})

describe('When the code of a feature changes', () => {
  const source = read('steps/javascript/create-pet.step.ts')
  const emits: FeatureDefinition = { id: 'emits', title: '', description: '', startsOn: '  emits: [', endsOn: '  ],' }

  test('and moves, then its lines do', () => {
    const [first, last] = findLines(source, emits)
    expect(findLines(`// A line more\n${source}`, emits)).toEqual([first + 1, last + 1])
  })

  test('and is gone, then the error says so', () => {
    const without = source.replace('  emits: [', '  topics: [')
    expect(() => findLines(without, emits)).toThrow('emits: no line begins with "  emits: ["')
  })

  test('and begins twice, then the error says so instead of choosing one', () => {
    expect(() => findLines(`${source}\n  emits: [],\n`, emits)).toThrow('2 lines begin with "  emits: ["')
  })
})
