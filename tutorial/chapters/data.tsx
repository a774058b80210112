import { workbenchXPath } from '@motiadev/workbench'
import type { Chapter } from '../workbench/chapter'
import { code, petsTab } from '../workbench/scenes'
import { xpath } from '../workbench/selectors'
import { type Seen, Task } from '../workbench/task'

/** Whether a pet has other content, but was not changed by the API: that sets `updatedAt`. */
const isEditedByHand = (now: Seen, start: Seen): boolean =>
  now.pets.some((pet) => {
    const before = start.pets.find(({ id }) => id === pet.id)
    return before !== undefined && before.updatedAt === pet.updatedAt && JSON.stringify(before) !== JSON.stringify(pet)
  })

/** The data file, the audit trail and the tab that shows both. */
export const dataChapter: Chapter = {
  title: 'The data',
  steps: [
    {
      title: 'The Pets tab',
      description: () => (
        <p>
          This tab is the project's own. It shows the pets as they change, by a Motia <b>stream</b>, and can call every
          endpoint.
        </p>
      ),
      elementXpath: xpath.petsTable,
      before: petsTab(''),
    },
    {
      title: 'Your turn: edit the file',
      description: () => (
        <Task
          todos={[
            {
              text: (
                <>
                  The pets are in <b>.data/pets.json</b>. Open it in your editor, change the name of a pet, and save. No
                  restart is needed.
                </>
              ),
              isDone: isEditedByHand,
            },
          ]}
        />
      ),
      elementXpath: xpath.petsTable,
      before: petsTab(''),
    },
    {
      title: 'The audit trail',
      description: () => (
        <p>
          This step subscribes to the events that say what happened, and appends each to <b>.data/audit.jsonl</b>. Motia
          drops an event that has no subscriber.
        </p>
      ),
      elementXpath: workbenchXPath.sidebarContainer,
      before: code('JsAuditTrail', 'event-subscription'),
    },
    {
      title: 'What happened',
      description: () => (
        <p>
          The audit trail, newest first: pets created and deleted, and their jobs completed. Each line has a link to its
          trace.
        </p>
      ),
      elementXpath: xpath.auditTrail,
      before: petsTab(''),
    },
  ],
}
