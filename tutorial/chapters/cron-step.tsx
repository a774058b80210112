import type { Chapter } from '../workbench/chapter'
import { code } from '../workbench/scenes'
import { hasNewLine, Task } from '../workbench/task'

/** Shows the nightly purge, and lets the learner run it now. */
export const cronStepChapter: Chapter = {
  title: 'A cron step',
  steps: [
    {
      title: 'A cron step',
      description: () => (
        <p>
          The <b>deletion reaper</b> runs on a schedule: every day at two in the morning. It purges each pet whose{' '}
          <b>purgeAt</b> is in the past.
        </p>
      ),
      ...code('JsDeletionReaper', 'cron-configuration'),
    },
    {
      title: 'Your turn: change the schedule',
      description: () => (
        <Task
          todos={[
            {
              text: (
                <>
                  Make the reaper run every five seconds. In <b>steps/javascript/deletion-reaper.cron.step.ts</b>,
                  change the cron expression and save:
                  <pre>{"cron: '*/5 * * * * *',"}</pre>
                  Once it has run, change the expression back.
                </>
              ),
              isDone: (now, start) => hasNewLine('js.reaper.completed', now, start),
            },
          ]}
        />
      ),
      ...code('JsDeletionReaper', 'cron-configuration'),
    },
  ],
}
