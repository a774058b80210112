import { type TutorialStep, workbenchXPath } from '@motiadev/workbench'
import { rememberCreatedPet } from '../workbench/created-pet'
import { click, clickIfThere, closeResponse, endpoint, fillBody, send } from '../workbench/scenes'
import { xpath } from '../workbench/selectors'

const { endpoints } = workbenchXPath
const createPet = endpoint('POST', '/js/pets', 'body')

/** Calling an endpoint: a refused request, and one that creates the pet for the rest of the tutorial. */
export const requestChapter: TutorialStep[] = [
  {
    title: 'Fifteen endpoints',
    description: () => (
      <p>
        Every API step is here, ready to be called: create, list, read, update and delete, for each of the three
        namespaces.
      </p>
    ),
    elementXpath: endpoints.endpointsList,
    before: createPet,
  },
  {
    title: 'A bad request',
    description: () => (
      <p>
        We have sent a dragon without a name. The answer is a <b>400</b> that lists both mistakes, and nothing was
        stored.
      </p>
    ),
    elementXpath: endpoints.callPanel,
    before: [...createPet, ...fillBody({ name: ' ', species: 'dragon', ageMonths: 24 }), ...send(400)],
  },
  {
    title: 'A good request',
    description: () => (
      <p>
        Now the body of a real pet. Species is one of dog, cat, bird and other, and fields that a client must not set
        are ignored.
      </p>
    ),
    elementXpath: endpoints.callPanel,
    before: [...createPet, closeResponse, ...fillBody({ name: 'Buddy', species: 'dog', ageMonths: 24 })],
  },
  {
    title: '201 Created',
    description: () => {
      rememberCreatedPet()
      return (
        <p>
          Sent. The pet has an id and the status <b>new</b>, but no notes and no feeding time yet: its job is only just
          queued.
        </p>
      )
    },
    elementXpath: endpoints.callPanel,
    before: [...createPet, clickIfThere(xpath.sendOnce), click(xpath.status(201))],
  },
]
