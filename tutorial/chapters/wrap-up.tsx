import { type TutorialStep, workbenchXPath } from '@motiadev/workbench'
import { code, petsTab, wholeFlow } from '../workbench/scenes'
import { xpath } from '../workbench/selectors'

/** What has been written down meanwhile, and where to go on from here. */
export const wrapUpChapter: TutorialStep[] = [
  {
    title: 'The audit trail',
    description: () => (
      <p>
        This step hears every event that tells what happened, and writes each as one line into <b>.data/audit.jsonl</b>.
        An event that nobody hears would be lost.
      </p>
    ),
    elementXpath: workbenchXPath.sidebarContainer,
    before: code('JsAuditTrail', 'event-subscription'),
  },
  {
    title: 'The Pets tab',
    description: () => (
      <p>
        This tab is the project's own: <b>.data/pets.json</b> as it changes, with buttons for all the API can do. The
        file is plain JSON, and an edit by hand counts from the next request on.
      </p>
    ),
    elementXpath: xpath.petsPage,
    before: petsTab('Buddy'),
  },
  {
    title: 'As it happened',
    description: () => (
      <p>
        And here is the audit trail, newest first: our pets created, deleted and restored, their jobs done. Each line
        leads to its trace.
      </p>
    ),
    elementXpath: xpath.auditTrail,
    before: petsTab(''),
  },
  {
    title: 'That is all of it',
    description: () => (
      <p>
        <b>steps/</b> holds what you have seen, <b>src/</b> the rules and the store, and <b>tests/</b> a test of every
        promise: run them with <b>script/test</b>. Now change a step, and watch it run.
      </p>
    ),
    before: wholeFlow(),
  },
]
