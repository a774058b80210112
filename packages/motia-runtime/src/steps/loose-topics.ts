import { relative } from 'node:path'
import { isEventStep, type Step } from 'motia'

/**
 * Returns a line for each topic that only one side knows: a step subscribes to it and none emits it, or a step emits it
 * and none subscribes to it. Usually its name is misspelt.
 */
export const looseTopics = (root: string, steps: Step[]): string[] => {
  const subscribed = new Set(steps.flatMap(subscribesOf))
  const emitted = new Set(steps.flatMap(emitsOf))
  return steps.flatMap((step) => {
    const file = relative(root, step.filePath)
    return [
      ...subscribesOf(step)
        .filter((topic) => !emitted.has(topic))
        .map((topic) => `${file}: subscribes to ${topic}, which no step emits: check the topic in both steps`),
      ...emitsOf(step)
        .filter((topic) => !subscribed.has(topic))
        .map((topic) => `${file}: emits ${topic}, to which no step subscribes: its events are dropped`),
    ]
  })
}

const subscribesOf = (step: Step): string[] => (isEventStep(step) ? step.config.subscribes : [])

const emitsOf = ({ config }: Step): string[] =>
  'emits' in config ? config.emits.map((emit) => (typeof emit === 'string' ? emit : emit.topic)) : []
