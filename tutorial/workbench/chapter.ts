import type { TutorialStep } from '@motiadev/workbench'

/** A step of the tutorial. */
export interface Lesson extends TutorialStep {
  /** The name of the Motia step that it is about. Learners may delete that step. */
  needs?: string
}

/** A group of tutorial steps. A learner can jump to the first one. */
export interface Chapter {
  title: string
  steps: Lesson[]
}
