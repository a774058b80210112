import { type TutorialStep, workbenchXPath } from '@motiadev/workbench'
import { code, endpoint, fillBody, send, traceOf } from '../workbench/scenes'

/** Three namespaces that share the store and never an event. */
export const isolationChapter: TutorialStep[] = [
  {
    title: 'Three namespaces',
    description: () => (
      <p>
        <b>js</b>, <b>ts</b> and <b>py</b> are the same eight steps three times. They differ in their routes and topics
        only: this one emits <b>py.</b> topics, which only Py steps hear.
      </p>
    ),
    elementXpath: workbenchXPath.sidebarContainer,
    before: code('PyCreatePet', 'emits-configuration'),
  },
  {
    title: 'One store',
    description: () => (
      <p>
        A pet created under <b>/py/pets</b>: its id goes on from the last one, because all namespaces share one store.
      </p>
    ),
    elementXpath: workbenchXPath.endpoints.callPanel,
    before: [
      ...endpoint('POST', '/py/pets', 'body'),
      ...fillBody({ name: 'Monty', species: 'other', ageMonths: 6 }),
      ...send(201),
    ],
  },
  {
    title: 'Isolation',
    description: () => (
      <p>And its trace: PyCreatePet, PyPostCreateLite, PyAuditTrail. No Js step and no Ts step has stirred.</p>
    ),
    elementXpath: workbenchXPath.tracing.details,
    before: traceOf('PyCreatePet'),
  },
]
