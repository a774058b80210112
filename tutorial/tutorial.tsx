import type { TutorialStep } from '@motiadev/workbench'
import { apiStepChapter } from './chapters/api-step'
import { cronStepChapter } from './chapters/cron-step'
import { dataChapter } from './chapters/data'
import { eventStepChapter } from './chapters/event-step'
import { flowChapter } from './chapters/flow'
import { isolationChapter } from './chapters/isolation'
import { observeChapter } from './chapters/observe'
import { queuesChapter } from './chapters/queues'
import { requestChapter } from './chapters/request'
import { softDeleteChapter } from './chapters/soft-delete'
import { wrapUpChapter } from './chapters/wrap-up'
import { present } from './workbench/present'

/** The Workbench's tutorial: it looks for `steps` in this file. */
export const steps: TutorialStep[] = present([
  flowChapter,
  apiStepChapter,
  requestChapter,
  eventStepChapter,
  observeChapter,
  queuesChapter,
  softDeleteChapter,
  cronStepChapter,
  dataChapter,
  isolationChapter,
  wrapUpChapter,
])
