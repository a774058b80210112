import { workbenchXPath } from '@motiadev/workbench'
import type { Chapter } from '../workbench/chapter'
import { flowView, logs } from '../workbench/scenes'
import { newLogs, Task } from '../workbench/task'

// Unlike an import, this also works if somebody has deleted the page.
const [makeItYours = 'docs/make-it-yours.md is missing'] = Object.values(
  import.meta.glob('../../docs/make-it-yours.md', { query: '?raw', import: 'default', eager: true }),
)

const openPage = () => window.open(URL.createObjectURL(new Blob([makeItYours], { type: 'text/plain; charset=utf-8' })))

/** Lets the learner change the code and suggests the next change. */
export const wrapUpChapter: Chapter = {
  title: 'Change the code',
  steps: [
    {
      title: 'Your turn: change a step',
      needs: 'JsCreatePet',
      description: () => (
        <Task
          todos={[
            {
              text: (
                <>
                  In <b>steps/javascript/create-pet.step.ts</b>, change the text “🐾 Pet created” to your own, and save.
                  The terminal prints ↻ and the file. Create another pet: the Logs tab shows your text.
                </>
              ),
              isDone: (now, start) => newLogs('JsCreatePet', now, start).some(({ msg }) => msg !== '🐾 Pet created'),
            },
          ]}
        />
      ),
      elementXpath: workbenchXPath.logs.container,
      before: logs('JsCreatePet'),
    },
    {
      title: 'Your next change',
      description: () => (
        <p>
          Give each pet a colour:{' '}
          <button type="button" className="pets-link" onClick={openPage}>
            docs/make-it-yours.md
          </button>{' '}
          shows how. Then run <b>npm test</b>. To undo your changes, use <b>git checkout steps src</b>.
        </p>
      ),
      before: flowView(),
    },
  ],
}
