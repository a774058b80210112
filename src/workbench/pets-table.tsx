import type { Pet } from '../pets/pet'
import { petFields, textOf } from './pet-fields'
import { formatAge, formatMoment, formatSpan } from './times'
import { useNow } from './use-now'
import { useRowWindow } from './use-row-window'

/** The height of a row in the style sheet, in px. */
const ROW_HEIGHT = 34

/** The client's fields that have no column of their own below. */
const OTHER_FIELDS = petFields.filter(({ name }) => !['name', 'species', 'ageMonths'].includes(name))

const COLUMNS = [
  ...['Id', 'Name', 'Species', 'Age'],
  ...OTHER_FIELDS.map(({ label }) => label),
  ...['Status', 'Notes', 'Next feeding', 'Purge in'],
]

const shownValue = (pet: Pet, name: string): string =>
  textOf(new Map<string, unknown>(Object.entries(pet)).get(name)) || '–'

/** Shows a pet's status in its colour. */
export const StatusBadge = ({ status }: { status: Pet['status'] }) => (
  <span className={`pets-status pets-status-${status}`}>{status}</span>
)

const Moment = ({ at, now }: { at: number | null | undefined; now: number }) =>
  typeof at === 'number' ? <time title={formatMoment(at)}>{formatSpan(at - now)}</time> : <span aria-hidden>–</span>

interface PetsTableProps {
  pets: Pet[]
  /** The id of the pet with the open record. */
  openId: string | null
  onOpen: (id: string) => void
  /** Shown if there is no pet. */
  emptyText: string
}

/** Shows the pets in rows. Draws only the rows in view, so that thousands scroll smoothly. */
export const PetsTable = ({ pets, openId, onOpen, emptyText }: PetsTableProps) => {
  const now = useNow()
  const { scroller, first, end, before, after } = useRowWindow(pets.length, ROW_HEIGHT)
  return (
    <section
      className="pets-scroller"
      ref={scroller}
      data-testid="pets-scroller"
      aria-label="Table of pets"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: the keyboard scrolls a table without rows too
      tabIndex={0}
    >
      <table className="pets-table" aria-rowcount={pets.length + 1} data-testid="pets-table">
        <thead>
          <tr>
            {COLUMNS.map((column) => (
              <th key={column} scope="col">
                {column}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          <tr aria-hidden style={{ height: before }} />
          {pets.slice(first, end).map((pet, index) => (
            <tr
              key={pet.id}
              className={pet.id === openId ? 'pets-row pets-row-open' : 'pets-row'}
              aria-rowindex={first + index + 2}
              data-testid={`pet-${pet.id}`}
            >
              <td>{pet.id}</td>
              <td>
                <button type="button" className="pets-open" onClick={() => onOpen(pet.id)}>
                  {pet.name}
                </button>
              </td>
              <td>{pet.species}</td>
              <td>{formatAge(pet.ageMonths)}</td>
              {OTHER_FIELDS.map(({ name }) => (
                <td key={name}>{shownValue(pet, name)}</td>
              ))}
              <td>
                <StatusBadge status={pet.status} />
              </td>
              <td title={pet.notes}>{pet.notes ?? <span aria-hidden>–</span>}</td>
              <td>
                <Moment at={pet.nextFeedingAt} now={now} />
              </td>
              <td>
                <Moment at={pet.purgeAt} now={now} />
              </td>
            </tr>
          ))}
          <tr aria-hidden style={{ height: after }} />
        </tbody>
      </table>
      {pets.length === 0 && <p className="pets-empty">{emptyText}</p>}
    </section>
  )
}
