import { Select, SelectContent, SelectItem, SelectTrigger, SelectValue } from '@motiadev/ui'
import { useId } from 'react'

interface ChoiceProps {
  label: string
  value: string
  options: readonly string[]
  onChange: (value: string) => void
  /** Returns the text of an option. Default: the option itself. */
  name?: (option: string) => string
  /** Whether the label is visible. Default: it is for screen readers only. */
  isLabelShown?: boolean
}

/** One of a few options, in the Workbench's own select. */
export const Choice = ({ label, value, options, onChange, name = String, isLabelShown = false }: ChoiceProps) => {
  const id = useId()
  const select = (
    <Select value={value} onValueChange={onChange}>
      <SelectTrigger id={id} className="pets-choice" aria-label={label}>
        <SelectValue />
      </SelectTrigger>
      <SelectContent className="pets-choices bg-background text-foreground">
        {options.map((option) => (
          <SelectItem key={option} value={option}>
            {name(option)}
          </SelectItem>
        ))}
      </SelectContent>
    </Select>
  )
  if (!isLabelShown) return select
  return (
    <div className="pets-field">
      <label htmlFor={id}>{label}</label>
      {select}
    </div>
  )
}
