import type { Chapter } from '../workbench/chapter'
import { code, queue } from '../workbench/scenes'
import { xpath } from '../workbench/selectors'
import { hasNewLine, newLogs, Task } from '../workbench/task'

const QUEUE = 'js.job.postcreate.enqueued.JsPostCreateLite'

/** Shows how events wait for their step, and what happens to those that fail. */
export const queuesChapter: Chapter = {
  title: 'Queues and retries',
  steps: [
    {
      title: 'Queues',
      needs: 'JsPostCreateLite',
      description: () => (
        <p>
          Each topic has one queue for each step that subscribes to it. The embedded queues keep their jobs in{' '}
          <b>.data</b>, so the jobs survive a restart.
        </p>
      ),
      elementXpath: xpath.queueList,
      before: queue(QUEUE),
    },
    {
      title: 'Retries',
      description: () => (
        <p>
          A job that throws runs again after two seconds, up to <b>three more times</b>. So a job must not swallow
          errors, and must tolerate being repeated.
        </p>
      ),
      ...code('JsPostCreateLite', 'queue-configuration'),
    },
    {
      title: 'Your turn: make a job fail',
      needs: 'JsPostCreateLite',
      description: () => (
        <Task
          todos={[
            {
              text: (
                <>
                  Add this line after “1. Pick up the job” in <b>steps/javascript/postcreate-lite.job.step.ts</b>, save,
                  and create a pet as before:
                  <pre>{"throw new Error('No food left')"}</pre>
                </>
              ),
              isDone: (now, start) => newLogs('JsPostCreateLite', now, start).some(({ level }) => level === 'error'),
            },
            {
              text: 'Wait 6 s for its four attempts. The job is then a dead letter, in a queue whose name ends in .dlq.',
              isDone: ({ queues }) => queues.some(({ id, stats }) => id === `${QUEUE}.dlq` && stats.waiting > 0),
            },
            {
              text: 'Remove the line and save. Open the .dlq queue, and press Retry on the job.',
              isDone: (now, start) => hasNewLine('js.job.postcreate.completed', now, start),
            },
          ]}
        />
      ),
      elementXpath: xpath.queueList,
      before: queue(QUEUE),
    },
  ],
}
