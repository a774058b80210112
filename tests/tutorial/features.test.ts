import { readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { findStepFiles } from '../../src/runtime/project-steps'
import { type Feature, rangeProblem } from '../../tutorial/features/feature'
import { featuresFile, locateFeatures, stepFiles } from '../../tutorial/features/step-files'
import { ROOT } from '../support/server'

const featuresSchema: z.ZodType<Feature[]> = z.array(
  z.strictObject({
    id: z.string().regex(/^[a-z]+(-[a-z]+)*$/),
    title: z.string().min(1).max(28, 'The Workbench does not wrap titles'),
    description: z.string().min(1).max(140),
    lines: z.tuple([z.string().regex(/^\d+(-\d+)?$/)]),
    startsOn: z.string().min(1),
    endsOn: z.string().min(1).optional(),
  }),
)

const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8')
const readFeatures = (path: string): Feature[] => featuresSchema.parse(JSON.parse(read(featuresFile(path))))
const paths = findStepFiles(ROOT)
  .map((path) => relative(ROOT, path))
  .sort()

test('Every step file has its features', () => {
  expect(paths).toHaveLength(24)
  expect(stepFiles.map(({ path }) => path).sort()).toEqual(paths)
})

describe.each(paths)('%s', (path) => {
  test('has its lines where its features say: where not, `npm run tutorial:lines` writes these', () => {
    const source = read(path)
    const problems = readFeatures(path).flatMap((feature) => rangeProblem(source, feature) ?? [])
    expect(problems).toEqual([])
  })

  test('has ranges that start and end on the code that the feature names', () => {
    const lines = read(path).split('\n')
    for (const { lines: range, startsOn, endsOn } of readFeatures(path)) {
      const [first = 0, last = first] = range[0].split('-').map(Number)
      expect(lines[first - 1]?.startsWith(startsOn)).toBe(true)
      expect(lines[last - 1]?.startsWith(endsOn ?? startsOn)).toBe(true)
    }
  })

  test('has the features that are defined for it, each under an id of its own', () => {
    const features = readFeatures(path)
    const file = stepFiles.find((known) => known.path === path)
    expect(features).toEqual(file && locateFeatures(ROOT, file))
    expect(new Set(features.map(({ id }) => id)).size).toBe(features.length)
  })
})

test('The features of the three namespaces differ in the namespace only', () => {
  const inNamespace = (folder: string, ns: string, prefix: string) =>
    paths
      .filter((path) => path.startsWith(`steps/${folder}/`))
      .map((path) => read(featuresFile(path)).replace(new RegExp(`\\b${ns}(?=[./])`, 'g'), 'js'))
      .map((text) => text.replaceAll(`['${prefix}`, "['Js"))
  const js = inNamespace('javascript', 'js', 'Js')
  expect(inNamespace('typescript', 'ts', 'Ts')).toEqual(js)
  expect(inNamespace('python', 'py', 'Py')).toEqual(js)
})

describe('When the code of a feature moves', () => {
  const path = 'steps/javascript/create-pet.step.ts'
  const feature = (id: string): Feature => {
    const found = readFeatures(path).find((known) => known.id === id)
    if (!found) throw new Error(`There is no feature ${id}`)
    return found
  }

  test('then the test tells the numbers to write', () => {
    const [first = 0, last = 0] = feature('handler').lines[0].split('-').map(Number)
    const moved = `// A line more\n${read(path)}`
    expect(rangeProblem(moved, feature('handler'))).toBe(
      `handler: lines are "${first}-${last}" and should be "${first + 1}-${last + 1}"`,
    )
  })

  test('and is gone, then the test says so', () => {
    const without = read(path).replace('  emits: [', '  topics: [')
    expect(() => rangeProblem(without, feature('emits-configuration'))).toThrow('no line begins with "  emits: ["')
  })

  test('and begins twice, then the test says so instead of choosing one', () => {
    const doubled = `${read(path)}\n  emits: [],\n`
    expect(() => rangeProblem(doubled, feature('emits-configuration'))).toThrow('2 lines begin with "  emits: ["')
  })
})
