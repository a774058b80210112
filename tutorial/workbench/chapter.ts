import type { TutorialStep } from '@motiadev/workbench'

/** A group of tutorial steps. A learner can jump to the first one. */
export interface Chapter {
  title: string
  steps: TutorialStep[]
}
