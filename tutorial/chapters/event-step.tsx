import { type TutorialStep, workbenchXPath } from '@motiadev/workbench'
import { createdPetId } from '../workbench/created-pet'
import { click, code, endpoint, send } from '../workbench/scenes'
import { xpath } from '../workbench/selectors'
import { typeInto } from '../workbench/type-into'

/** The job that the request has queued, and where its result shows up. */
export const eventStepChapter: TutorialStep[] = [
  {
    title: 'An event step',
    description: () => (
      <p>
        This job <b>subscribes</b> to the topics that queue it: a pet was created, or restored. It has no idea who emits
        them.
      </p>
    ),
    elementXpath: workbenchXPath.sidebarContainer,
    before: code('JsPostCreateLite', 'event-subscription'),
  },
  {
    title: 'The feeding reminder',
    description: () => (
      <p>
        It adds the welcome notes and sets the next feeding, 24 hours on. An event may arrive twice, so doing this twice
        gives the same pet.
      </p>
    ),
    elementXpath: workbenchXPath.sidebarContainer,
    before: code('JsPostCreateLite', 'business-logic'),
  },
  {
    title: 'The result',
    description: () => (
      <p>
        We have read our pet again. While you were reading code the job was done: here are its <b>notes</b> and{' '}
        <b>nextFeedingAt</b>.
      </p>
    ),
    elementXpath: workbenchXPath.endpoints.callPanel,
    before: [
      ...endpoint('GET', '/js/pets/:id', 'params'),
      ...typeInto(xpath.pathParameter('id'), createdPetId),
      ...send(200),
      click(xpath.responseText('nextFeedingAt')),
    ],
  },
]
