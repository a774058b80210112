import type { TutorialStep } from '@motiadev/workbench'

/** Steps of the tutorial that belong together: a learner can jump to the first one. */
export interface Chapter {
  title: string
  steps: TutorialStep[]
}
