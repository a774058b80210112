import { expect, test } from 'vitest'
import { withOwnEdgeIds, withStepNodes } from '../../src/workbench/flow-edges'

const edge = (topic: string) => ({ id: 'reaper-audit', source: 'reaper', target: 'audit', data: { topic, label: 'x' } })

test('When two topics connect the same steps, then their edges have different ids and keep all else', () => {
  const flow = {
    id: 'pets',
    steps: [{ id: 'reaper', filePath: 'reaper.step.ts' }],
    edges: [edge('js.pet.purged'), edge('js.reaper.completed')],
  }
  expect(withOwnEdgeIds(flow)).toEqual({
    ...flow,
    edges: [
      { ...edge('js.pet.purged'), id: 'reaper-audit:js.pet.purged' },
      { ...edge('js.reaper.completed'), id: 'reaper-audit:js.reaper.completed' },
    ],
  })
})

test('When a value is not a flow, then it is not changed', () => {
  expect(withOwnEdgeIds(null)).toBeNull()
  expect(withOwnEdgeIds({ edges: 'none' })).toEqual({ edges: 'none' })
})

const step = (id: string, own?: string) => ({
  id,
  filePath: `${id}.step.ts`,
  ...(own ? { nodeComponentPath: own } : {}),
})
const line = (source: string, target: string) => ({ id: `${source}-${target}`, source, target, data: { topic: 't' } })
const layout = {
  config: {
    'create.step.ts': { x: 0, y: 0 },
    'job.step.ts': { x: 300, y: 0 },
    'audit.step.ts': { x: 350, y: 120 },
    'reaper.step.ts': { x: 300, y: 240 },
  },
}

test('When a step has no component of its own, then the given one draws it', () => {
  const flow = { steps: [step('create'), step('job', '/own.tsx')], edges: [] }
  expect(withStepNodes(flow, layout, '/node.tsx')).toMatchObject({
    steps: [{ nodeComponentPath: '/node.tsx' }, { nodeComponentPath: '/own.tsx' }],
  })
})

test('When two steps share a column, then their edge uses the sides that face each other, and otherwise the usual ones', () => {
  const flow = {
    steps: ['create', 'job', 'audit', 'reaper'].map((id) => step(id)),
    edges: [line('create', 'job'), line('job', 'audit'), line('reaper', 'audit')],
  }
  expect(withStepNodes(flow, layout, '/node.tsx')).toMatchObject({
    edges: [
      line('create', 'job'),
      { ...line('job', 'audit'), sourceHandle: 'bottom', targetHandle: 'top' },
      { ...line('reaper', 'audit'), sourceHandle: 'top', targetHandle: 'bottom' },
    ],
  })
  expect(withStepNodes(flow, null, '/node.tsx')).toMatchObject({ edges: flow.edges })
})
