import { dirname } from 'node:path'
import { z } from 'zod'

/** The distance between two steps of a column: a step's height and some space, in the flow view's pixels. */
const ROW_HEIGHT = 60

const layoutSchema = z.looseObject({
  config: z.record(z.string(), z.looseObject({ x: z.number(), y: z.number() })),
})
const flowSchema = z.looseObject({ steps: z.array(z.looseObject({ filePath: z.string() })) })

/**
 * Returns the layout with a place for each step that has none, below the others of its folder. Returns the same object
 * if no step is missing. Without a place, the page puts a new step far below all others, or fails.
 */
export const withPlaces = (layout: unknown, flow: unknown): unknown => {
  const [known, given] = [layoutSchema.safeParse(layout), flowSchema.safeParse(flow)]
  if (!known.success || !given.success) return layout
  const places = { ...known.data.config }
  const unplaced = given.data.steps.filter(({ filePath }) => !(filePath in places))
  if (unplaced.length === 0) return layout
  for (const { filePath } of unplaced) {
    const siblings = Object.keys(places).filter((path) => dirname(path) === dirname(filePath))
    const others = (siblings.length > 0 ? siblings : Object.keys(places)).flatMap((path) => places[path] ?? [])
    // If no step has a place yet, the page creates the layout.
    if (others.length === 0) return layout
    places[filePath] = {
      x: Math.min(...others.map(({ x }) => x)),
      y: Math.max(...others.map(({ y }) => y)) + ROW_HEIGHT,
    }
  }
  return { ...known.data, config: places }
}
