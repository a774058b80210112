import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { findProjectFiles } from '../../packages/motia-runtime/src/steps/step-files'
import { ROOT } from '../support/server'
import { openWorkbench, settled, type Workbench } from './support'

const configSchema = z.object({
  name: z.string(),
  emits: z.array(z.union([z.string(), z.object({ topic: z.string() }).transform(({ topic }) => topic)])),
  subscribes: z.array(z.string()).default([]),
})

/** The smallest sizes on the screen, in px. */
const SMALLEST = { name: 12, label: 9, button: 16 }

const LAYOUT = join(ROOT, 'motia-workbench.json')

interface Box {
  left: number
  top: number
  right: number
  bottom: number
}

interface DrawnNode extends Box {
  id: string
  name: string
  /** Of the name, as it is on the screen. */
  fontSize: number
  nameBox: Box
  buttonBox: Box
  buttonName: string
}

interface DrawnEdge {
  id: string
  points: { x: number; y: number }[]
}

const overlap = (one: Box, other: Box): boolean =>
  one.left < other.right && other.left < one.right && one.top < other.bottom && other.top < one.bottom

const pairsOf = <T>(list: T[]): [T, T][] =>
  list.flatMap((one, index) => list.slice(index + 1).map((other): [T, T] => [one, other]))

let workbench: Workbench
let layoutBefore: string
let panel: Box
let nodes: DrawnNode[]
let edges: DrawnEdge[]
let labels: (Box & { text: string; fontSize: number })[]

beforeAll(async () => {
  layoutBefore = readFileSync(LAYOUT, 'utf8')
  workbench = await openWorkbench()
  const { page } = workbench
  await page.locator('.react-flow__node').first().waitFor()
  await page.waitForFunction(() => document.querySelectorAll('.react-flow__edge-path').length > 0)
  const drawn = await page.evaluate(() => {
    const boxOf = (element: Element | null) => {
      if (!element) throw new Error('The node lacks a part')
      const { left, top, right, bottom } = element.getBoundingClientRect()
      return { left, top, right, bottom }
    }
    const flow = document.querySelector('.react-flow')
    const viewport = document.querySelector('.react-flow__viewport')
    if (!viewport) throw new Error('There is no flow')
    const zoom = new DOMMatrix(getComputedStyle(viewport).transform).a
    const nodes = [...document.querySelectorAll('.react-flow__node')].map((node) => {
      const name = node.querySelector('.font-semibold')
      if (!name) throw new Error('The node has no name')
      const range = document.createRange()
      range.selectNodeContents(name)
      const { left, top, right, bottom } = range.getBoundingClientRect()
      return {
        id: node.getAttribute('data-id') ?? '',
        name: name.textContent ?? '',
        fontSize: Number.parseFloat(getComputedStyle(name).fontSize) * zoom,
        nameBox: { left, top, right, bottom },
        buttonBox: boxOf(node.querySelector('button')),
        buttonName: node.querySelector('button')?.ariaLabel ?? '',
        ...boxOf(node.querySelector('[data-testid^="node-"]')),
      }
    })
    const edges = [...document.querySelectorAll('.react-flow__edge')].map((edge) => {
      const path = edge.querySelector<SVGPathElement>('.react-flow__edge-path')
      const matrix = path?.getScreenCTM()
      if (!path || !matrix) throw new Error('The edge has no line')
      const length = path.getTotalLength()
      const steps = Math.ceil(length / 4)
      return {
        id: edge.getAttribute('data-id') ?? '',
        points: Array.from({ length: steps + 1 }, (_, step) => {
          const { x, y } = path.getPointAtLength((length * step) / steps).matrixTransform(matrix)
          return { x, y }
        }),
      }
    })
    const labels = [...document.querySelectorAll('.react-flow__edgelabel-renderer > div')].map((label) => ({
      text: label.textContent ?? '',
      fontSize: Number.parseFloat(getComputedStyle(label.firstElementChild ?? label).fontSize) * zoom,
      ...boxOf(label),
    }))
    return { panel: boxOf(flow), nodes, edges, labels }
  })
  panel = drawn.panel
  nodes = drawn.nodes
  edges = drawn.edges
  labels = drawn.labels
}, 180_000)

afterAll(() => workbench?.close())

const readConfigs = async (): Promise<z.infer<typeof configSchema>[]> => {
  const configs: z.infer<typeof configSchema>[] = []
  for (const file of findProjectFiles(ROOT).steps) {
    const module: { config: unknown } = await import(file)
    configs.push(configSchema.parse(module.config))
  }
  return configs
}

/** Returns an edge in words. Its id holds two step ids of 36 characters, and its topic. */
const describeEdge = ({ id }: DrawnEdge): string => {
  const nameOf = (nodeId: string) => nodes.find((node) => node.id === nodeId)?.name
  return `${nameOf(id.slice(0, 36))} -> ${nameOf(id.slice(37, 73))}: ${id.slice(74)}`
}

test('When the flow is shown, then every step is in it', async () => {
  const names = (await readConfigs()).map(({ name }) => name)
  expect(nodes.map(({ name }) => name).sort()).toEqual(names.sort())
})

test('When a step subscribes to a topic, then it has an edge from every step that emits it, and no other', async () => {
  const configs = await readConfigs()
  const expected = configs.flatMap((source) =>
    source.emits.flatMap((topic) =>
      configs
        .filter(({ subscribes }) => subscribes.includes(topic))
        .map((target) => `${source.name} -> ${target.name}: ${topic}`),
    ),
  )
  expect(expected.length).toBeGreaterThan(0)
  expect(edges.map(describeEdge).sort()).toEqual(expected.sort())
})

test('When edges are drawn, then none leads from one namespace to another', () => {
  for (const [from, to] of edges.map((edge) => describeEdge(edge).split(' -> '))) {
    expect(from?.slice(0, 2)).toBe(to?.slice(0, 2))
  }
})

test('When the flow is shown, then no step overlaps another', () => {
  const overlapping = pairsOf(nodes).filter(([one, other]) => overlap(one, other))
  expect(overlapping.map(([one, other]) => `${one.name} and ${other.name}`)).toEqual([])
})

test('When the flow is shown, then no edge is behind a step, and no label covers one', () => {
  const hidden = edges.flatMap((edge) =>
    nodes
      .filter(({ left, top, right, bottom }) =>
        edge.points.some(({ x, y }) => x > left + 1 && x < right - 1 && y > top + 1 && y < bottom - 1),
      )
      .map(({ name }) => `${describeEdge(edge)} behind ${name}`),
  )
  expect(hidden).toEqual([])
  const covering = labels.flatMap((label) =>
    nodes.filter((node) => overlap(label, node)).map(({ name }) => `"${label.text}" on ${name}`),
  )
  expect(labels.length).toBeGreaterThan(0)
  expect(covering).toEqual([])
})

test('When the flow is shown, then no label overlaps another', () => {
  const overlapping = pairsOf(labels).filter(([one, other]) => overlap(one, other))
  expect(overlapping.map(([one, other]) => `${one.text} and ${other.text}`)).toEqual([])
})

test('When the page opens, then the whole flow is in view', () => {
  const outside = nodes.filter(
    ({ left, top, right, bottom }) =>
      left < panel.left || top < panel.top || right > panel.right || bottom > panel.bottom,
  )
  expect(outside.map(({ name }) => name)).toEqual([])
})

test('When the page opens, then every name, label and button is large enough, and every button has a name', () => {
  for (const { name, fontSize, nameBox, buttonBox, buttonName, left, right } of nodes) {
    expect(fontSize, name).toBeGreaterThanOrEqual(SMALLEST.name)
    expect(buttonBox.right - buttonBox.left, name).toBeGreaterThanOrEqual(SMALLEST.button)
    expect(buttonBox.bottom - buttonBox.top, name).toBeGreaterThanOrEqual(SMALLEST.button)
    expect(buttonName).toBe(`Show the code of ${name}`)
    expect(nameBox.left, name).toBeGreaterThan(left)
    expect(nameBox.right, name).toBeLessThan(right)
    expect(overlap(nameBox, buttonBox), name).toBe(false)
  }
  for (const { text, fontSize } of labels) expect(fontSize, text).toBeGreaterThanOrEqual(SMALLEST.label)
})

test('When the page is loaded, then it gets the layout before the flow, and lists the flow once', async () => {
  const { page } = workbench
  const received: string[] = []
  page.on('websocket', (socket) =>
    socket.on('framereceived', ({ payload }) => {
      const message = z
        .object({ streamName: z.string(), id: z.string().optional() })
        .safeParse(JSON.parse(String(payload)))
      if (message.data?.id === 'pets') received.push(message.data.streamName)
    }),
  )
  await page.reload()
  await settled(page)
  await page.locator('.react-flow__edge-path').first().waitFor({ state: 'attached' })
  expect(received.slice(0, 2)).toEqual(['__motia.flowsConfig', '__motia.flows'])
  await page.getByTestId('flows-dropdown-trigger').click()
  expect(await page.getByTestId('dropdown-pets').count()).toBe(1)
  await page.keyboard.press('Escape')
})

test('When somebody opens the flow, then its layout does not change, and nothing else is requested', async () => {
  expect(workbench.errors).toEqual([])
  expect(workbench.foreignRequests).toEqual([])
  expect(readFileSync(LAYOUT, 'utf8')).toBe(layoutBefore)
})
