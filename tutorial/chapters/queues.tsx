import { type TutorialStep, workbenchXPath } from '@motiadev/workbench'
import { code, queue } from '../workbench/scenes'
import { xpath } from '../workbench/selectors'

const jobQueue = queue('js.job.postcreate.enqueued.JsPostCreateLite')

/** Where events wait for their step, and what becomes of those that fail. */
export const queuesChapter: TutorialStep[] = [
  {
    title: 'Queues',
    description: () => (
      <p>
        Each topic has one queue for each step that hears it, kept in Redis. A burst of new pets waits here, and
        survives a restart.
      </p>
    ),
    elementXpath: xpath.queueList,
    before: jobQueue,
  },
  {
    title: 'Retries',
    description: () => (
      <p>
        A job that throws is tried again after two seconds, up to <b>three more times</b>. That is why a job must never
        swallow an error, and must stand being repeated.
      </p>
    ),
    elementXpath: workbenchXPath.sidebarContainer,
    before: code('JsPostCreateLite', 'queue-configuration'),
  },
  {
    title: 'The dead-letter queue',
    description: () => (
      <p>
        A job that fails the last time too moves to a queue of the same name that ends in <b>.dlq</b>. It shows up in
        this list with the reason, and with a button to try it again once you have mended the cause.
      </p>
    ),
    elementXpath: xpath.topPanel,
    before: jobQueue,
  },
]
