import { expect, test } from 'vitest'
import { withPlaces } from '../../src/workbench/flow-layout'

const layout = {
  id: 'pets',
  config: {
    'steps/a/one.step.ts': { x: 1, y: 10, sourceHandlePosition: 'right' },
    'steps/a/two.step.ts': { x: 400, y: 200 },
    'steps/b/one.step.ts': { x: 900, y: 10 },
  },
}
const flowOf = (...paths: string[]) => ({ id: 'pets', edges: [], steps: paths.map((filePath) => ({ filePath })) })
const old = Object.keys(layout.config)

test('When a layout has a place for every step, then it is the same object, also with places of steps that are gone', () => {
  expect(withPlaces(layout, flowOf(...old))).toBe(layout)
  expect(withPlaces(layout, flowOf('steps/a/one.step.ts'))).toBe(layout)
})

test('When steps are new, then they are put below the others of their folder, one below the other', () => {
  const placed = withPlaces(
    layout,
    flowOf(...old, 'steps/a/new.step.ts', 'steps/a/newer.step.ts', 'steps/b/new.step.ts'),
  )
  expect(placed).toEqual({
    id: 'pets',
    config: {
      ...layout.config,
      'steps/a/new.step.ts': { x: 1, y: 260 },
      'steps/a/newer.step.ts': { x: 1, y: 320 },
      'steps/b/new.step.ts': { x: 900, y: 70 },
    },
  })
})

test('When the folder of a step is new, then the step is put below all others', () => {
  expect(withPlaces(layout, flowOf('steps/c/new.step.ts'))).toMatchObject({
    config: { 'steps/c/new.step.ts': { x: 1, y: 260 } },
  })
})

test.each([null, {}, { id: 'pets', config: {} }])(
  'When there is no layout yet, as in %j, then it is left to the page',
  (nothing) => {
    expect(withPlaces(nothing, flowOf('steps/a/one.step.ts'))).toBe(nothing)
  },
)
