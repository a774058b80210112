import { workbenchXPath } from '@motiadev/workbench'
import type { Chapter } from '../workbench/chapter'
import { createdPetId } from '../workbench/created-pet'
import { click, code, endpoint, sendOnce } from '../workbench/scenes'
import { xpath } from '../workbench/selectors'
import { typeInto } from '../workbench/type-into'

/** Shows the job that the request queued, and its result. */
export const eventStepChapter: Chapter = {
  title: 'An event step',
  steps: [
    {
      title: 'An event step',
      description: () => (
        <p>
          This job <b>subscribes</b> to the topics that queue it: a pet was created, or restored. It does not know which
          step emits them.
        </p>
      ),
      ...code('JsPostCreateLite', 'event-subscription'),
    },
    {
      title: 'The feeding reminder',
      description: () => (
        <p>
          It adds the welcome notes and sets the next feeding in 24 hours. An event may arrive twice, so running this
          twice has the same result.
        </p>
      ),
      ...code('JsPostCreateLite', 'business-logic'),
    },
    {
      title: 'The result',
      needs: 'JsGetPet',
      description: () => (
        <p>
          We read our pet again. The job is done: the pet has <b>notes</b> and <b>nextFeedingAt</b>.
        </p>
      ),
      elementXpath: workbenchXPath.endpoints.callPanel,
      before: [
        ...endpoint('GET', '/js/pets/:id', 'params'),
        ...typeInto(xpath.pathParameter('id'), createdPetId),
        ...sendOnce(200),
        click(xpath.responseText('nextFeedingAt')),
      ],
    },
  ],
}
