/** The Workbench's text about a part of a step's code, and how to find that part. `<ns>` stands for the namespace. */
export interface FeatureDefinition {
  /** The name for tutorial steps. Unique in its step file. */
  id: string
  /** One short line: the Workbench does not wrap it. */
  title: string
  description: string
  /** The beginning of the part's first line, including indentation. Exactly one line of the file begins like this. */
  startsOn: string
  /** The beginning of the last line: the first such line after the start. Missing if the part is one line. */
  endsOn?: string
}

/** One entry of a `<stepfile>-features.json`, for the Workbench. */
export interface Feature extends Pick<FeatureDefinition, 'id' | 'title' | 'description'> {
  /** Line numbers from 1, both included: one number or `first-last`. */
  lines: [string]
}

/** Returns the first and the last line of a feature in a source text, from 1. Throws if one is missing or ambiguous. */
export const findLines = (source: string, { id, startsOn, endsOn }: FeatureDefinition): [number, number] => {
  const lines = source.split('\n')
  const starts = lines.flatMap((line, index) => (line.startsWith(startsOn) ? [index] : []))
  const [start, ...others] = starts
  if (start === undefined) throw new Error(`${id}: no line begins with ${JSON.stringify(startsOn)}`)
  if (others.length > 0) throw new Error(`${id}: ${starts.length} lines begin with ${JSON.stringify(startsOn)}`)
  if (endsOn === undefined) return [start + 1, start + 1]
  const end = lines.findIndex((line, index) => index > start && line.startsWith(endsOn))
  if (end < 0) throw new Error(`${id}: no line after ${start + 1} begins with ${JSON.stringify(endsOn)}`)
  return [start + 1, end + 1]
}

/** The range as the Workbench writes it. */
export const formatLines = ([start, end]: [number, number]): string => (start === end ? `${start}` : `${start}-${end}`)
