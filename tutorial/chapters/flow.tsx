import { workbenchXPath } from '@motiadev/workbench'
import type { Chapter } from '../workbench/chapter'
import { flowView, wholeFlow } from '../workbench/scenes'
import { xpath } from '../workbench/selectors'

/** Explains the flow, its boxes and its lines. */
export const flowChapter: Chapter = {
  title: 'The flow',
  steps: [
    {
      title: 'Welcome to the pet store',
      description: () => (
        <p>
          This is a REST API with background jobs and a nightly clean-up. <b>Motia</b> runs its steps. The tutorial
          takes 20 minutes. Five times, you try something yourself. Use the arrow keys to go forward and back.
        </p>
      ),
    },
    {
      title: 'The flow',
      description: () => (
        <p>
          This is the whole backend as one <b>flow</b>, called <b>pets</b>. Motia draws it from the code in{' '}
          <b>steps/</b>.
        </p>
      ),
      elementXpath: xpath.topPanel,
      before: wholeFlow(),
    },
    {
      title: 'A box is a step',
      needs: 'JsCreatePet',
      description: () => (
        <p>
          A <b>step</b> is one file with a config and a handler. A green icon marks an API step, a blue one a step that
          runs on events, and an orange one a step that runs on a schedule.
        </p>
      ),
      elementXpath: workbenchXPath.flows.node('jscreatepet'),
      before: flowView(),
    },
    {
      title: 'A line is an event',
      description: () => (
        <p>
          Steps never call each other. <b>JsCreatePet</b> emits an event, and <b>JsPostCreateLite</b> subscribes to its
          topic: see the line with the label “queues job”. Yellow labels mark events that are not always emitted.
        </p>
      ),
      elementXpath: xpath.topPanel,
      before: flowView(),
    },
  ],
}
