import type { Chapter } from '../workbench/chapter'
import { code, petsTab } from '../workbench/scenes'
import { xpath } from '../workbench/selectors'
import { type Seen, Task } from '../workbench/task'

/** Returns whether somebody edited a pet by hand: its content changed, but not `updatedAt`, which the API sets. */
const isEditedByHand = (now: Seen, start: Seen): boolean =>
  now.pets.some((pet) => {
    const before = start.pets.find(({ id }) => id === pet.id)
    return before !== undefined && before.updatedAt === pet.updatedAt && JSON.stringify(before) !== JSON.stringify(pet)
  })

/** Shows the data file, the audit trail and the tab for both. */
export const dataChapter: Chapter = {
  title: 'The data',
  steps: [
    {
      title: 'The Pets tab',
      description: () => (
        <p>
          This tab is part of the project. A Motia <b>stream</b> keeps it up to date. You can call every endpoint here.
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
          This step subscribes to all events that do not queue a job, and appends each to <b>.data/audit.jsonl</b>.
          Motia drops events that have no subscriber.
        </p>
      ),
      ...code('JsAuditTrail', 'event-subscription'),
    },
    {
      title: 'What happened',
      description: () => (
        <p>
          This is the audit trail, newest first: pets created and deleted, and jobs completed. Each line has a link to
          its trace.
        </p>
      ),
      elementXpath: xpath.auditTrail,
      before: petsTab(''),
    },
  ],
}
