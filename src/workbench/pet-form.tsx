import { Button, Input } from '@motiadev/ui'
import { type FormEvent, useState } from 'react'
import { SPECIES } from '../pets/pet'
import { Choice } from './choice'
import type { PetFields } from './pet-fields'

interface PetFormProps {
  initial: PetFields
  submitLabel: string
  onSubmit: (fields: PetFields) => void
}

/** Name, species and age of a pet. */
export const PetForm = ({ initial, submitLabel, onSubmit }: PetFormProps) => {
  const [fields, setFields] = useState(initial)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    onSubmit(fields)
  }
  return (
    <form className="pets-form" onSubmit={submit}>
      <Input
        aria-label="Name"
        placeholder="Name"
        value={fields.name}
        onChange={(event) => setFields({ ...fields, name: event.target.value })}
      />
      <Choice
        label="Species"
        value={fields.species}
        options={SPECIES}
        onChange={(species) => setFields({ ...fields, species })}
      />
      <Input
        aria-label="Age in months"
        placeholder="Age in months"
        inputMode="numeric"
        value={fields.ageMonths}
        onChange={(event) => setFields({ ...fields, ageMonths: event.target.value })}
      />
      <Button type="submit" variant="accent">
        {submitLabel}
      </Button>
    </form>
  )
}
