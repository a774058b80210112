import { type TutorialStep, workbenchXPath } from '@motiadev/workbench'
import { flowView, wholeFlow } from '../workbench/scenes'
import { xpath } from '../workbench/selectors'

/** What a flow is, and what its boxes and lines mean. */
export const flowChapter: TutorialStep[] = [
  {
    title: 'Welcome to the pet store',
    description: () => (
      <p>
        This store keeps pets by way of an API, background jobs and a nightly clean-up. In some ten minutes you will
        have used all of it and seen how <b>Motia</b> runs it. The arrow keys go on and back.
      </p>
    ),
    before: wholeFlow(),
  },
  {
    title: 'The flow',
    description: () => (
      <p>
        This is the whole backend as one <b>flow</b>, called <b>pets</b>. Motia draws it from the code: nobody keeps it
        up to date by hand.
      </p>
    ),
    elementXpath: xpath.topPanel,
    before: flowView(),
  },
  {
    title: 'A box is a step',
    description: () => (
      <p>
        A <b>step</b> is one file with a config and a handler. A green icon is an API step, a blue one runs on events,
        an orange one by the clock.
      </p>
    ),
    elementXpath: workbenchXPath.flows.node('jscreatepet'),
    before: flowView(),
  },
  {
    title: 'A line is an event',
    description: () => (
      <p>
        Steps never call each other. One emits an <b>event</b>, and whoever subscribes to its topic runs. This job runs
        when <b>JsCreatePet</b> has created a pet.
      </p>
    ),
    elementXpath: workbenchXPath.flows.node('jspostcreatelite'),
    before: flowView(),
  },
]
