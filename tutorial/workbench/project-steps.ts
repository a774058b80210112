import { useEffect } from 'react'
import { useStream } from '../../src/workbench/use-stream'

interface Flow {
  id: string
  steps: { name: string }[]
}

/** The names of the project's steps; null until they are known. */
let names: Set<string> | null = null

/** Keeps the names of the project's steps up to date while a component is shown. */
export const useProjectSteps = (): void => {
  const flows = useStream<Flow>('__motia.flows', 'default')
  useEffect(() => {
    if (flows) names = new Set(flows.flatMap(({ steps }) => steps.map(({ name }) => name)))
  }, [flows])
}

/** Returns whether the project has no step of that name any more. */
export const isGone = (step: string): boolean => names !== null && !names.has(step)
