import { dirname } from 'node:path'
import { z } from 'zod'

/** How far below the last step of its folder a new one is put: a step's height and some air, in the flow view's pixels. */
const ROW_HEIGHT = 172

const layoutSchema = z.looseObject({
  config: z.record(z.string(), z.looseObject({ x: z.number(), y: z.number() })),
})
const flowSchema = z.looseObject({ steps: z.array(z.looseObject({ filePath: z.string() })) })

/**
 * A flow's layout with a place for each of its steps that has none: below the others of its folder. The same object where
 * there is nothing to add. Without it the page puts a new step far below all others, or fails to.
 */
export const withPlaces = (layout: unknown, flow: unknown): unknown => {
  const [known, given] = [layoutSchema.safeParse(layout), flowSchema.safeParse(flow)]
  if (!known.success || !given.success) return layout
  const places = { ...known.data.config }
  const homeless = given.data.steps.filter(({ filePath }) => !(filePath in places))
  if (homeless.length === 0) return layout
  for (const { filePath } of homeless) {
    const siblings = Object.keys(places).filter((path) => dirname(path) === dirname(filePath))
    const others = (siblings.length > 0 ? siblings : Object.keys(places)).flatMap((path) => places[path] ?? [])
    // An empty layout is one that the page makes itself.
    if (others.length === 0) return layout
    places[filePath] = {
      x: Math.min(...others.map(({ x }) => x)),
      y: Math.max(...others.map(({ y }) => y)) + ROW_HEIGHT,
    }
  }
  return { ...known.data, config: places }
}
