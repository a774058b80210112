import { Button, Input } from '@motiadev/ui'
import { type FormEvent, useEffect, useId, useRef, useState } from 'react'
import { Choice } from './choice'
import { type PetFields, petFields } from './pet-fields'

interface PetFormProps {
  initial: PetFields
  submitLabel: string
  /** Resolves when the endpoint has responded. Until then the form cannot be submitted again. */
  onSubmit: (fields: PetFields) => Promise<void>
}

/** A form with the fields that a client sets. It focuses the first one when it opens. */
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
      {petFields.map(({ name, label, options, isNumber }) => {
        const value = fields[name] ?? ''
        const change = (text: string) => setFields({ ...fields, [name]: text })
        if (options) {
          return <Choice key={name} label={label} isLabelShown value={value} options={options} onChange={change} />
        }
        return (
          <div className="pets-field" key={name}>
            <label htmlFor={`${id}-${name}`}>{label}</label>
            <Input
              id={`${id}-${name}`}
              inputMode={isNumber ? 'numeric' : undefined}
              value={value}
              onChange={(event) => change(event.target.value)}
            />
          </div>
        )
      })}
      <Button type="submit" variant="accent" disabled={isPending}>
        {submitLabel}
      </Button>
    </form>
  )
}
