import { Button, Input } from '@motiadev/ui'
import { type KeyboardEvent, useMemo, useRef, useState } from 'react'
import { NAMESPACES, type Namespace, SPECIES, STATUSES } from '../pets/pet'
import { AnswerLine } from './answer-line'
import { AuditTrail } from './audit-trail'
import { Choice } from './choice'
import { configureMonaco } from './monaco'
import { bodyOf, fieldsOf, type PetFields } from './pet-fields'
import { filterPets, NO_FILTER } from './pet-filter'
import { PetForm } from './pet-form'
import { PetRecord } from './pet-record'
import { type Answer, type Ask, askPets } from './pets-api'
import { PetsTable } from './pets-table'
import { useStore } from './use-store'
import './flow-view.css'
import './narrow.css'
import './offline.css'
import './pets-page.css'
import './tracing.css'

configureMonaco()

const isNamespace = (value: string): value is Namespace => NAMESPACES.some((namespace) => namespace === value)

/** The text of an empty table, unless the store is ready. */
const EMPTY: Record<string, string> = { loading: 'Loading…', problem: 'The pets cannot be shown' }

const NEW_PET = { ...fieldsOf(), ageMonths: '12' }

/** The Workbench's `Pets` tab. Shows the live store and audit trail, and calls every endpoint. */
export const PetsPage = () => {
  const { pets, isPart, audit, state, problem } = useStore()
  const [namespace, setNamespace] = useState<Namespace>('js')
  const [filter, setFilter] = useState(NO_FILTER)
  const [openId, setOpenId] = useState<string | null>(null)
  const [auditPet, setAuditPet] = useState('')
  const [isCreating, setIsCreating] = useState(false)
  const [answer, setAnswer] = useState<Answer | null>(null)

  const shown = useMemo(() => filterPets(pets, filter), [pets, filter])
  const open = openId === null ? undefined : pets.find(({ id }) => id === openId)

  const opener = useRef<HTMLElement | null>(null)

  const show = (id: string) => {
    opener.current = document.activeElement instanceof HTMLElement ? document.activeElement : null
    setOpenId(id)
    setAuditPet(id)
  }

  const toggleForm = () => {
    opener.current = document.activeElement instanceof HTMLElement ? document.activeElement : null
    setIsCreating(!isCreating)
  }

  /** Closes the record and the form, and returns the focus to the element that opened them. */
  const close = () => {
    setOpenId(null)
    setAuditPet('')
    setIsCreating(false)
    opener.current?.focus()
  }

  const closeOnEscape = (event: KeyboardEvent) => {
    // An open select closes itself first.
    if (event.key === 'Escape' && !event.defaultPrevented && (open || isCreating)) close()
  }

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
          <div className="pets-toolbar">
            <Choice
              label="Namespace of the requests"
              value={namespace}
              options={NAMESPACES}
              onChange={(value) => isNamespace(value) && setNamespace(value)}
              name={(option) => `/${option}/pets`}
            />
            <Button variant="accent" aria-expanded={isCreating} onClick={toggleForm}>
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
            openId={openId}
            onOpen={show}
            emptyText={EMPTY[state] ?? (pets.length > 0 ? 'No pet matches' : 'No pets yet: create one')}
          />
          {answer && <AnswerLine answer={answer} />}
        </section>
        <AuditTrail lines={audit} petId={auditPet} onPetId={setAuditPet} />
      </div>
      {open && <PetRecord pet={open} ask={ask} onClose={close} />}
    </div>
  )
}
