import { type TutorialStep, workbenchXPath } from '@motiadev/workbench'
import type { ReactNode } from 'react'
import { code } from '../workbench/scenes'

const lesson = (title: string, feature: string, text: ReactNode): TutorialStep => ({
  title,
  description: () => <p>{text}</p>,
  elementXpath: workbenchXPath.sidebarContainer,
  before: code('JsCreatePet', feature),
})

/** The parts of an API step, seen in the code of JsCreatePet. */
export const apiStepChapter: TutorialStep[] = [
  lesson(
    'An API step',
    'api-configuration',
    <>
      The magnifier on a box opens its code. The config says what this one is: an <b>API step</b> that answers{' '}
      <b>POST /js/pets</b>. There is no router to write.
    </>,
  ),
  lesson(
    'Schemas',
    'schemas',
    <>
      Zod schemas describe the body and each answer. From them come the handler's types and the example body in the
      Endpoints tab.
    </>,
  ),
  lesson(
    'Middleware',
    'error-handling',
    <>
      Middleware runs around the handler. This one is the only place where errors become HTTP answers, so handlers
      simply throw.
    </>,
  ),
  lesson(
    'Declared events',
    'emits-configuration',
    <>
      What a step may emit is declared. That draws the lines of the flow, and an event that is not in this list does not
      go out.
    </>,
  ),
  lesson(
    'The handler',
    'handler',
    <>
      The handler reads like a recipe: check, store, tell, answer. What the rules are stands in <b>src/pets</b>, once
      for all three namespaces.
    </>,
  ),
  lesson(
    'Validation',
    'request-validation',
    <>
      Schemas alone stop nothing. The handler parses the body, and a wrong one becomes a 400 that says what is wrong.
    </>,
  ),
  lesson(
    'Telling others',
    'event-emission',
    <>
      Two events go out: one for the audit trail, one that queues the background job. Emitting takes a moment, the job
      takes its own time.
    </>,
  ),
  lesson(
    'Answering at once',
    'success-response',
    <>
      The answer is a 201 with the pet as it is now. Nobody waits for the job: that is what makes a background job worth
      having.
    </>,
  ),
]
