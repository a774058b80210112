import { workbenchXPath } from '@motiadev/workbench'
import type { Chapter } from '../workbench/chapter'
import { rememberCreatedPet } from '../workbench/created-pet'
import { endpoint, fillBody, petsTab, sendOnce } from '../workbench/scenes'
import { xpath } from '../workbench/selectors'
import { hasNewLine, Task } from '../workbench/task'

const { endpoints } = workbenchXPath
const createPet = endpoint('POST', '/js/pets', 'body')
const buddy = fillBody({ name: 'Buddy', species: 'dog', ageMonths: 24 })

/** Sends a request that is refused, one that creates the pet for the rest of the tutorial, and one by the learner. */
export const requestChapter: Chapter = {
  title: 'Send a request',
  steps: [
    {
      title: 'The endpoints',
      needs: 'JsCreatePet',
      description: () => <p>Every API step is here, with a form to call it.</p>,
      elementXpath: endpoints.endpointsList,
      before: createPet,
    },
    {
      title: 'A bad request',
      needs: 'TsCreatePet',
      description: () => (
        <p>
          We sent a dragon with a blank name to <b>/ts/pets</b>. The response is a <b>400</b> that lists both problems.
          Nothing was stored.
        </p>
      ),
      elementXpath: endpoints.callPanel,
      // Not the endpoint of the next step: the Endpoints tab keeps one response for each.
      before: [
        ...endpoint('POST', '/ts/pets', 'body'),
        ...fillBody({ name: ' ', species: 'dragon', ageMonths: 24 }),
        ...sendOnce(400),
      ],
    },
    {
      title: '201 Created',
      needs: 'JsCreatePet',
      description: () => {
        rememberCreatedPet()
        return (
          <p>
            We sent Buddy to <b>/js/pets</b>. The pet in the response has an id and the status <b>new</b>. It has no
            notes yet, because its job has not run.
          </p>
        )
      },
      elementXpath: endpoints.callPanel,
      before: [...createPet, ...buddy, ...sendOnce(201)],
    },
    {
      title: 'Your turn: create a pet',
      needs: 'JsCreatePet',
      description: () => (
        <Task
          todos={[
            {
              text: (
                <>
                  Open a second terminal and run
                  <pre>
                    {`curl -X POST ${location.origin}/js/pets -d '{"name": "Rex", "species": "dog", "ageMonths": 36}'`}
                  </pre>
                </>
              ),
              isDone: (now, start) => hasNewLine('js.pet.created', now, start),
            },
            {
              text: 'Watch its next feeding appear in the table: that is the job.',
              isDone: (now) => now.pets.at(-1)?.notes !== undefined,
            },
          ]}
        />
      ),
      elementXpath: xpath.petsTable,
      before: petsTab(''),
    },
  ],
}
