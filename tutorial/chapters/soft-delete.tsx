import { workbenchXPath } from '@motiadev/workbench'
import type { Chapter } from '../workbench/chapter'
import { createdPetId } from '../workbench/created-pet'
import { click, code, endpoint, fillBody, sendOnce } from '../workbench/scenes'
import { xpath } from '../workbench/selectors'
import { typeInto } from '../workbench/type-into'

const { bodyTab, callPanel } = workbenchXPath.endpoints

/** Deletes a pet softly, and restores it. */
export const softDeleteChapter: Chapter = {
  title: 'Soft delete',
  steps: [
    {
      title: 'Soft delete',
      description: () => (
        <p>
          A DELETE does not remove the pet. It sets the status <b>deleted</b> and a purge date in 30 days. Until then
          you can restore it.
        </p>
      ),
      ...code('JsDeletePet', 'business-logic'),
    },
    {
      title: '202 Accepted',
      needs: 'JsDeletePet',
      description: () => (
        <p>
          We deleted our pet: <b>purgeAt</b> is its purge date in epoch milliseconds. A second DELETE would return the
          same date.
        </p>
      ),
      elementXpath: callPanel,
      before: [
        ...endpoint('DELETE', '/js/pets/:id', 'params'),
        ...typeInto(xpath.pathParameter('id'), createdPetId),
        ...sendOnce(202),
      ],
    },
    {
      title: 'Restore',
      description: () => <p>Any other status restores a deleted pet. Its feeding reminder is queued again.</p>,
      ...code('JsUpdatePet', 'restore'),
    },
    {
      title: 'Restored',
      needs: 'JsUpdatePet',
      description: () => (
        <p>
          We sent a <b>PUT</b> with the status <b>available</b>. The pet is back, without a purge date.
        </p>
      ),
      elementXpath: callPanel,
      before: [
        ...endpoint('PUT', '/js/pets/:id', 'params'),
        ...typeInto(xpath.pathParameter('id'), createdPetId),
        click(bodyTab),
        ...fillBody({ status: 'available' }),
        ...sendOnce(200),
        click(xpath.responseText('"available"')),
      ],
    },
  ],
}
