import type { ReactNode } from 'react'
import type { Chapter, Lesson } from '../workbench/chapter'
import { code } from '../workbench/scenes'

const lesson = (title: string, feature: string, text: ReactNode): Lesson => ({
  title,
  description: () => <p>{text}</p>,
  ...code('JsCreatePet', feature),
})

/** Shows the parts of an API step in the code of JsCreatePet. */
export const apiStepChapter: Chapter = {
  title: 'An API step',
  steps: [
    lesson(
      'An API step',
      'api-configuration',
      <>
        The magnifier on a box opens its code. The config makes this one an <b>API step</b> that responds to{' '}
        <b>POST /js/pets</b>. There is no router to write.
      </>,
    ),
    lesson(
      'Schemas',
      'schemas',
      <>
        Zod schemas describe the body and each response. They provide the handler's types and the example body in the
        Endpoints tab.
      </>,
    ),
    lesson(
      'Middleware',
      'error-handling',
      <>Middleware runs around the handler. This one turns errors into responses, so a handler can just throw.</>,
    ),
    lesson(
      'Declared events',
      'emits-configuration',
      <>
        A step declares the topics that it may emit. Motia draws the lines of the flow from them, and refuses to emit
        any other topic.
      </>,
    ),
    lesson(
      'Validation',
      'request-validation',
      <>
        Motia does not enforce schemas. The handler parses the body, and an invalid one becomes a 400 with the reasons.
      </>,
    ),
    lesson(
      'Pet and events together',
      'business-logic',
      <>
        One write stores the pet and its two events: one for the audit trail, one that queues the job. Then the handler
        emits them. If the server crashes before that, the next start emits them.
      </>,
    ),
    lesson('Respond', 'success-response', <>The response is a 201 with the pet as it is now. The job runs later.</>),
  ],
}
