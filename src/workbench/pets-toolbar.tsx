import { Button, Input } from '@motiadev/ui'
import { NAMESPACES, type Namespace, SPECIES, STATUSES } from '../pets/pet'
import { Choice } from './choice'
import type { PetFilter } from './pet-filter'

const isNamespace = (value: string): value is Namespace => NAMESPACES.some((namespace) => namespace === value)

interface PetsToolbarProps {
  namespace: Namespace
  onNamespace: (namespace: Namespace) => void
  filter: PetFilter
  onFilter: (filter: PetFilter) => void
  /** How many pets are shown, as text. */
  count: string
  isCreating: boolean
  onCreate: () => void
}

/** Chooses the endpoints of the requests, opens the form, and filters the table. */
export const PetsToolbar = (props: PetsToolbarProps) => {
  const { namespace, onNamespace, filter, onFilter, count, isCreating, onCreate } = props
  return (
    <div className="pets-toolbar">
      <Choice
        label="Namespace of the requests"
        value={namespace}
        options={NAMESPACES}
        onChange={(value) => isNamespace(value) && onNamespace(value)}
        name={(option) => `/${option}/pets`}
      />
      <Button variant="accent" aria-expanded={isCreating} onClick={onCreate}>
        New pet
      </Button>
      <Input
        className="pets-search"
        type="search"
        aria-label="Search pets"
        placeholder="Search id, name or notes"
        value={filter.text}
        onChange={(event) => onFilter({ ...filter, text: event.target.value })}
      />
      <Choice
        label="Filter by status"
        value={filter.status}
        options={['all', ...STATUSES]}
        onChange={(status) => onFilter({ ...filter, status })}
        name={(option) => (option === 'all' ? 'every status' : option)}
      />
      <Choice
        label="Filter by species"
        value={filter.species}
        options={['all', ...SPECIES]}
        onChange={(species) => onFilter({ ...filter, species })}
        name={(option) => (option === 'all' ? 'every species' : option)}
      />
      <span className="pets-count" data-testid="pets-count">
        {count}
      </span>
    </div>
  )
}
