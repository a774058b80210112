import { type TutorialStep, workbenchXPath } from '@motiadev/workbench'
import { code } from '../workbench/scenes'

/** The nightly purge, and how to see it without waiting for the night. */
export const cronStepChapter: TutorialStep[] = [
  {
    title: 'A cron step',
    description: () => (
      <p>
        The <b>Deletion Reaper</b> runs by the clock, every day at two in the morning. Nobody calls it, so it has no
        input and no answer.
      </p>
    ),
    elementXpath: workbenchXPath.sidebarContainer,
    before: code('JsDeletionReaper', 'cron-configuration'),
  },
  {
    title: 'The purge',
    description: () => (
      <p>
        It removes for good each pet whose <b>purgeAt</b> is past. All three reapers run at the same minute on the same
        store, and still each pet is purged and announced once.
      </p>
    ),
    elementXpath: workbenchXPath.sidebarContainer,
    before: code('JsDeletionReaper', 'business-logic'),
  },
  {
    title: 'Try it later',
    description: () => (
      <>
        <p>Delete a pet, set its purgeAt in .data/pets.json to the past, and let the reaper run every minute:</p>
        <pre className="code-preview" style={{ margin: '8px 0' }}>
          <code>cron: '* * * * *',</code>
        </pre>
        <p>Save the step: it is in service at once.</p>
      </>
    ),
    elementXpath: workbenchXPath.sidebarContainer,
    before: code('JsDeletionReaper', 'cron-configuration'),
  },
]
