import { loader } from '@monaco-editor/react'
import { Button, Input } from '@motiadev/ui'
import { useMemo, useState } from 'react'
import { NAMESPACES, type Namespace, SPECIES, STATUSES } from '../pets/pet'
import { AnswerLine } from './answer-line'
import { AuditTrail } from './audit-trail'
import { Choice } from './choice'
import { MONACO_PATH } from './live'
import { bodyOf } from './pet-fields'
import { filterPets, NO_FILTER } from './pet-filter'
import { PetForm } from './pet-form'
import { PetRecord } from './pet-record'
import { type Answer, type Ask, askPets } from './pets-api'
import { PetsTable } from './pets-table'
import { useNews } from './use-news'
import './flow-view.css'
import './offline.css'
import './pets-page.css'

// The request editor, of whichever tab, takes Monaco from this server instead of a CDN, and only once it is opened.
loader.config({ paths: { vs: `${MONACO_PATH}/vs` } })

const isNamespace = (value: string): value is Namespace => NAMESPACES.some((namespace) => namespace === value)

const NEW_PET = { name: '', species: 'dog', ageMonths: '12' }

/** The Workbench's `Pets` tab: the store and the audit trail live, and all that the API can do. */
export const PetsPage = () => {
  const { pets, isPart, audit, problem, isLoaded } = useNews()
  const [namespace, setNamespace] = useState<Namespace>('js')
  const [filter, setFilter] = useState(NO_FILTER)
  const [openId, setOpenId] = useState<string | null>(null)
  const [auditPet, setAuditPet] = useState('')
  const [isCreating, setIsCreating] = useState(false)
  const [answer, setAnswer] = useState<Answer | null>(null)

  const shown = useMemo(() => filterPets(pets, filter), [pets, filter])
  const open = openId === null ? undefined : pets.find(({ id }) => id === openId)

  const show = (id: string | null) => {
    setOpenId(id)
    setAuditPet(id ?? '')
  }

  const ask: Ask = async (...request) => {
    const answered = await askPets(namespace)(...request)
    setAnswer(answered)
    return answered
  }

  return (
    <div className="pets-page" data-testid="pets-page">
      <div className="pets-parts">
        <section className="pets-store" aria-label="Pets">
          <div className="pets-toolbar">
            <Choice
              label="Namespace of the requests"
              value={namespace}
              options={NAMESPACES}
              onChange={(value) => isNamespace(value) && setNamespace(value)}
              name={(option) => `/${option}/pets`}
            />
            <Button variant="accent" aria-expanded={isCreating} onClick={() => setIsCreating(!isCreating)}>
              New pet
            </Button>
            <Input
              className="pets-search"
              type="search"
              aria-label="Search pets"
              placeholder="Search id, name or notes"
              value={filter.text}
              onChange={(event) => setFilter({ ...filter, text: event.target.value })}
            />
            <Choice
              label="Filter by status"
              value={filter.status}
              options={['all', ...STATUSES]}
              onChange={(status) => setFilter({ ...filter, status })}
              name={(option) => (option === 'all' ? 'every status' : option)}
            />
            <Choice
              label="Filter by species"
              value={filter.species}
              options={['all', ...SPECIES]}
              onChange={(species) => setFilter({ ...filter, species })}
              name={(option) => (option === 'all' ? 'every species' : option)}
            />
            <span className="pets-count" data-testid="pets-count">
              {shown.length === pets.length ? '' : `${shown.length} of `}
              {isPart ? `the newest ${pets.length}` : pets.length}
            </span>
          </div>
          {isCreating && (
            <div className="pets-create" data-testid="pets-create">
              <PetForm
                initial={NEW_PET}
                submitLabel={`POST /${namespace}/pets`}
                onSubmit={(fields) => void ask('POST', null, bodyOf(fields))}
              />
            </div>
          )}
          {problem && (
            <p className="pets-problem" role="alert">
              {problem}
            </p>
          )}
          <PetsTable
            pets={shown}
            openId={openId}
            onOpen={show}
            emptyText={!isLoaded ? 'Loading…' : pets.length > 0 ? 'No pet matches' : 'No pets yet: create one'}
          />
          {answer && <AnswerLine answer={answer} />}
        </section>
        <AuditTrail lines={audit} petId={auditPet} onPetId={setAuditPet} />
      </div>
      {open && <PetRecord pet={open} ask={ask} onClose={() => show(null)} />}
    </div>
  )
}
