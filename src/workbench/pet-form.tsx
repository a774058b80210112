import { Button, Input } from '@motiadev/ui'
import { type FormEvent, useEffect, useId, useRef, useState } from 'react'
import { SPECIES } from '../pets/pet'
import { Choice } from './choice'
import type { PetFields } from './pet-fields'

interface PetFormProps {
  initial: PetFields
  submitLabel: string
  /** Resolves when the endpoint has responded. Until then the form cannot be submitted again. */
  onSubmit: (fields: PetFields) => Promise<void>
}

/** Name, species and age of a pet. The focus is in the name when the form opens. */
export const PetForm = ({ initial, submitLabel, onSubmit }: PetFormProps) => {
  const [fields, setFields] = useState(initial)
  const [isPending, setIsPending] = useState(false)
  const form = useRef<HTMLFormElement>(null)
  const id = useId()

  useEffect(() => form.current?.querySelector('input')?.focus(), [])

  const submit = async (event: FormEvent) => {
    event.preventDefault()
    if (isPending) return
    setIsPending(true)
    await onSubmit(fields)
    setIsPending(false)
  }
  return (
    <form className="pets-form" ref={form} onSubmit={submit}>
      <div className="pets-field">
        <label htmlFor={`${id}-name`}>Name</label>
        <Input
          id={`${id}-name`}
          value={fields.name}
          onChange={(event) => setFields({ ...fields, name: event.target.value })}
        />
      </div>
      <Choice
        label="Species"
        isLabelShown
        value={fields.species}
        options={SPECIES}
        onChange={(species) => setFields({ ...fields, species })}
      />
      <div className="pets-field">
        <label htmlFor={`${id}-age`}>Age in months</label>
        <Input
          id={`${id}-age`}
          inputMode="numeric"
          value={fields.ageMonths}
          onChange={(event) => setFields({ ...fields, ageMonths: event.target.value })}
        />
      </div>
      <Button type="submit" variant="accent" disabled={isPending}>
        {submitLabel}
      </Button>
    </form>
  )
}
