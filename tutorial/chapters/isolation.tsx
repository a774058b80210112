import { workbenchXPath } from '@motiadev/workbench'
import type { Chapter } from '../workbench/chapter'
import { code, endpoint, fillBody, sendOnce, traceOf } from '../workbench/scenes'

/** Shows that the three namespaces share the store but no events. */
export const isolationChapter: Chapter = {
  title: 'Three namespaces',
  steps: [
    {
      title: 'Three namespaces',
      description: () => (
        <p>
          <b>js</b>, <b>ts</b> and <b>py</b> each have the same eight steps. They differ only in their routes and
          topics: this one emits <b>py.</b> topics, and only Py steps subscribe to those.
        </p>
      ),
      ...code('PyCreatePet', 'emits-configuration'),
    },
    {
      title: 'One store',
      needs: 'PyCreatePet',
      description: () => (
        <p>
          We created a pet with <b>/py/pets</b>. It got the next id, because all namespaces share one store.
        </p>
      ),
      elementXpath: workbenchXPath.endpoints.callPanel,
      before: [
        ...endpoint('POST', '/py/pets', 'body'),
        ...fillBody({ name: 'Monty', species: 'other', ageMonths: 6 }),
        ...sendOnce(201),
      ],
    },
    {
      title: 'Isolation',
      needs: 'PyCreatePet',
      description: () => (
        <p>The trace contains PyCreatePet, PyPostCreateLite and PyAuditTrail. No Js or Ts step ran.</p>
      ),
      elementXpath: workbenchXPath.tracing.details,
      before: traceOf('PyCreatePet'),
    },
  ],
}
