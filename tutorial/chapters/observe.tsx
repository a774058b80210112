import { type TutorialStep, workbenchXPath } from '@motiadev/workbench'
import { click, logs, traceOf } from '../workbench/scenes'
import { xpath } from '../workbench/selectors'

/** Following one request through all the steps that it set off. */
export const observeChapter: TutorialStep[] = [
  {
    title: 'The trace',
    description: () => (
      <p>
        Every request gets a <b>trace id</b>, and all it sets off carries it. Here is our POST: the API step, then the
        job and the audit trail, each with the time it took.
      </p>
    ),
    elementXpath: workbenchXPath.tracing.details,
    before: traceOf('JsCreatePet'),
  },
  {
    title: 'Inside a step',
    description: () => (
      <p>
        A click on a bar shows what the step did and when: each line it logged, and each event it emitted with its data.
      </p>
    ),
    elementXpath: workbenchXPath.sidebarContainer,
    before: [...traceOf('JsCreatePet'), click(xpath.timelineOf('JsCreatePet')), click(workbenchXPath.sidebarContainer)],
  },
  {
    title: 'The logs',
    description: () => (
      <p>
        The same lines as on your terminal, newest first. A click on a trace id leaves only the lines of that request.
      </p>
    ),
    elementXpath: workbenchXPath.logs.container,
    before: logs(''),
  },
  {
    title: 'Structured logging',
    description: () => (
      <p>
        A log line is a message and <b>data</b>: here the pet, its notes and its next feeding. Data stays data, for
        whatever reads the log next.
      </p>
    ),
    elementXpath: workbenchXPath.sidebarContainer,
    before: [
      ...logs('JsPostCreateLite'),
      click(xpath.logOf('JsPostCreateLite', 'Next feeding reminder set')),
      click(workbenchXPath.sidebarContainer),
    ],
  },
]
