import { workbenchXPath } from '@motiadev/workbench'
import type { Chapter } from '../workbench/chapter'
import { click, logs, traceOf } from '../workbench/scenes'
import { xpath } from '../workbench/selectors'

/** Follows one request through all the steps that it caused. */
export const observeChapter: Chapter = {
  title: 'Traces and logs',
  steps: [
    {
      title: 'The trace',
      needs: 'JsCreatePet',
      description: () => (
        <p>
          Every request gets a <b>trace id</b>, which it shares with all its jobs. This trace belongs to a POST: the API
          step, then the job and the audit trail, each with its duration.
        </p>
      ),
      elementXpath: workbenchXPath.tracing.details,
      before: traceOf('JsCreatePet'),
    },
    {
      title: 'Inside a step',
      needs: 'JsCreatePet',
      description: () => (
        <p>A click on a bar shows the lines that the step logged, and the events that it emitted, with their data.</p>
      ),
      elementXpath: workbenchXPath.sidebarContainer,
      before: [
        ...traceOf('JsCreatePet'),
        click(xpath.timelineOf('JsCreatePet')),
        click(workbenchXPath.sidebarContainer),
      ],
    },
    {
      title: 'The logs',
      description: () => (
        <p>
          These are the lines from your terminal, newest first. A click on a trace id shows only the lines of that
          trace.
        </p>
      ),
      elementXpath: workbenchXPath.logs.container,
      before: logs(''),
    },
    {
      title: 'Structured logging',
      needs: 'JsPostCreateLite',
      description: () => (
        <p>
          A log line has a message and <b>data</b>: here the pet's id, its notes and its next feeding.
        </p>
      ),
      elementXpath: workbenchXPath.sidebarContainer,
      before: [
        ...logs('JsPostCreateLite'),
        click(xpath.logOf('JsPostCreateLite', 'Next feeding reminder set')),
        click(workbenchXPath.sidebarContainer),
      ],
    },
  ],
}
