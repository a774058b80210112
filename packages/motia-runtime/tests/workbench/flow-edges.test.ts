import { expect, test } from 'vitest'
import { withOwnEdgeIds } from '../../src/workbench/flow-edges'

const edge = (topic: string) => ({ id: 'reaper-audit', source: 'reaper', target: 'audit', data: { topic, label: 'x' } })

test('When two topics connect the same steps, then their edges have different ids and keep all else', () => {
  const flow = { id: 'pets', steps: [{ id: 'reaper' }], edges: [edge('js.pet.purged'), edge('js.reaper.completed')] }
  expect(withOwnEdgeIds(flow)).toEqual({
    ...flow,
    edges: [
      { ...edge('js.pet.purged'), id: 'reaper-audit:js.pet.purged' },
      { ...edge('js.reaper.completed'), id: 'reaper-audit:js.reaper.completed' },
    ],
  })
})

test('When a value is not a flow, then it passes as it is', () => {
  expect(withOwnEdgeIds(null)).toBeNull()
  expect(withOwnEdgeIds({ edges: 'none' })).toEqual({ edges: 'none' })
})
