import { Button, Sidebar } from '@motiadev/ui'
import { X } from 'lucide-react'
import { type Pet, STATUSES } from '../pets/pet'
import { Choice } from './choice'
import { bodyOf, fieldsOf } from './pet-fields'
import { PetForm } from './pet-form'
import type { Ask } from './pets-api'
import { StatusBadge } from './pets-table'
import { formatMoment } from './times'

/** Shows a field's value in readable form. */
const Value = ({ field, value }: { field: string; value: unknown }) => {
  if (!field.endsWith('At') || typeof value !== 'number') return String(value)
  return (
    <>
      {formatMoment(value)} <small>{value}</small>
    </>
  )
}

interface PetRecordProps {
  pet: Pet
  ask: Ask
  onClose: () => void
}

/** Shows one pet's record, with a form and buttons that call the API. */
export const PetRecord = ({ pet, ask, onClose }: PetRecordProps) => {
  const isDeleted = pet.status === 'deleted'
  return (
    <Sidebar
      title={pet.name}
      subtitle={`Pet ${pet.id}`}
      initialWidth={400}
      contentClassName="pets-record"
      onClose={onClose}
      actions={[{ icon: <X />, onClick: onClose, label: 'Close' }]}
    >
      <div className="pets-record-actions" data-testid="pet-record">
        <StatusBadge status={pet.status} />
        <PetForm
          // The form restarts when one of these fields changes, but not when the job adds its notes while somebody
          // types.
          key={JSON.stringify([pet.id, fieldsOf(pet)])}
          initial={fieldsOf(pet)}
          submitLabel="Save"
          onSubmit={async (fields) => void (await ask('PUT', pet.id, bodyOf(fields)))}
        />
        <div className="pets-form">
          <Choice
            label="Change status"
            isLabelShown
            value={pet.status}
            options={STATUSES}
            onChange={(status) => void ask('PUT', pet.id, { status })}
          />
          {/* Not `disabled` but `aria-disabled`: a button that disables itself keeps the focus. */}
          <Button
            variant="accent"
            aria-disabled={!isDeleted}
            onClick={() => isDeleted && void ask('PUT', pet.id, { status: 'available' })}
          >
            Restore
          </Button>
          <Button
            variant="destructive"
            aria-disabled={isDeleted}
            onClick={() => !isDeleted && void ask('DELETE', pet.id)}
          >
            Delete
          </Button>
        </div>
        <dl>
          {Object.entries(pet).map(([field, value]) => (
            <div key={field}>
              <dt>{field}</dt>
              <dd>
                <Value field={field} value={value} />
              </dd>
            </div>
          ))}
        </dl>
      </div>
    </Sidebar>
  )
}
