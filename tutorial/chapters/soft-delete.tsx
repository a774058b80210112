import { type TutorialStep, workbenchXPath } from '@motiadev/workbench'
import { createdPetId } from '../workbench/created-pet'
import { click, code, endpoint, fillBody, send } from '../workbench/scenes'
import { xpath } from '../workbench/selectors'
import { typeInto } from '../workbench/type-into'

const { bodyTab, callPanel } = workbenchXPath.endpoints

/** Deleting a pet softly, and bringing it back. */
export const softDeleteChapter: TutorialStep[] = [
  {
    title: 'Soft delete',
    description: () => (
      <p>
        Deleting removes nothing yet. The pet gets the status <b>deleted</b> and a date 30 days ahead: until then you
        can change your mind.
      </p>
    ),
    elementXpath: workbenchXPath.sidebarContainer,
    before: code('JsDeletePet', 'business-logic'),
  },
  {
    title: '202 Accepted',
    description: () => (
      <p>
        We have deleted our pet: accepted, with <b>purgeAt</b> as epoch milliseconds. Delete it again and you get the
        same date: a repeat is harmless.
      </p>
    ),
    elementXpath: callPanel,
    before: [
      ...endpoint('DELETE', '/js/pets/:id', 'params'),
      ...typeInto(xpath.pathParameter('id'), createdPetId),
      ...send(202),
    ],
  },
  {
    title: 'The way back',
    description: () => (
      <p>
        Any other status brings a deleted pet back. Its feeding reminder is queued again, so restoring, too, has a
        background job.
      </p>
    ),
    elementXpath: workbenchXPath.sidebarContainer,
    before: code('JsUpdatePet', 'restore'),
  },
  {
    title: 'Restored',
    description: () => (
      <p>
        We have sent <b>PUT</b> with the status <b>available</b>. The pet is back, and deletedAt and purgeAt are gone.
      </p>
    ),
    elementXpath: callPanel,
    before: [
      ...endpoint('PUT', '/js/pets/:id', 'params'),
      ...typeInto(xpath.pathParameter('id'), createdPetId),
      click(bodyTab),
      ...fillBody({ status: 'available' }),
      ...send(200),
    ],
  },
]
