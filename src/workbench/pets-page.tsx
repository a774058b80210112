import { useMemo, useState } from 'react'
import type { Namespace } from '../pets/pet'
import { AnswerLine } from './answer-line'
import { AuditTrail } from './audit-trail'
import { configureMonaco } from './monaco'
import { completeMarkup } from './motia-markup'
import { uncoverTabs } from './narrow'
import { bodyOf, fieldsOf, type PetFields } from './pet-fields'
import { filterPets, NO_FILTER } from './pet-filter'
import { PetForm } from './pet-form'
import { PetRecord } from './pet-record'
import { type Answer, type Ask, askPets } from './pets-api'
import { PetsTable } from './pets-table'
import { PetsToolbar } from './pets-toolbar'
import { useOpened } from './use-opened'
import { useStore } from './use-store'
import './flow-view.css'
import './narrow.css'
import './offline.css'
import './pets-page.css'
import './tracing.css'

configureMonaco()
completeMarkup()
uncoverTabs()

/** The text of an empty table, unless the store is ready. */
const EMPTY: Record<string, string> = { loading: 'Loading…', problem: 'The pets cannot be shown' }

const NEW_PET = { ...fieldsOf(), ageMonths: '12' }

/** The Workbench's `Pets` tab. Shows the live store and audit trail, and calls every endpoint. */
export const PetsPage = () => {
  const { pets, isPart, audit, state, problem } = useStore()
  const [namespace, setNamespace] = useState<Namespace>('js')
  const [filter, setFilter] = useState(NO_FILTER)
  const [auditPet, setAuditPet] = useState('')
  const [answer, setAnswer] = useState<Answer | null>(null)
  const { petId, isCreating, openRecord, toggleForm, close, closeOnEscape } = useOpened(setAuditPet)

  const shown = useMemo(() => filterPets(pets, filter), [pets, filter])
  const pet = petId === undefined ? undefined : pets.find(({ id }) => id === petId)
  const total = isPart ? `the newest ${pets.length}` : String(pets.length)

  const ask: Ask = async (...request) => {
    const answered = await askPets(namespace)(...request)
    setAnswer(answered)
    return answered
  }
  const create = async (fields: PetFields) => {
    const { status } = await ask('POST', null, bodyOf(fields))
    if (status === 201) close()
  }
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: Escape works wherever the focus is in the page
    <div className="pets-page" data-testid="pets-page" onKeyDown={closeOnEscape}>
      <div className="pets-parts">
        <section className="pets-store" aria-label="Pets">
          <PetsToolbar
            namespace={namespace}
            onNamespace={setNamespace}
            filter={filter}
            onFilter={setFilter}
            count={shown.length === pets.length ? total : `${shown.length} of ${total}`}
            isCreating={isCreating}
            onCreate={toggleForm}
          />
          {isCreating && (
            <div className="pets-create" data-testid="pets-create">
              <PetForm initial={NEW_PET} submitLabel={`POST /${namespace}/pets`} onSubmit={create} />
            </div>
          )}
          {problem && (
            <p className="pets-problem" role="alert">
              {problem}
            </p>
          )}
          <PetsTable
            pets={shown}
            openId={petId ?? null}
            onOpen={openRecord}
            emptyText={EMPTY[state] ?? (pets.length > 0 ? 'No pets match' : 'No pets yet: create one')}
          />
          {answer && <AnswerLine answer={answer} />}
        </section>
        <AuditTrail lines={audit} petId={auditPet} onPetId={setAuditPet} />
      </div>
      {pet && <PetRecord pet={pet} ask={ask} onClose={close} />}
    </div>
  )
}
