import { Select, SelectContent, SelectItem, SelectTrigger, SelectValue } from '@motiadev/ui'

interface ChoiceProps {
  label: string
  value: string
  options: readonly string[]
  onChange: (value: string) => void
  /** What an option is called, where that is not itself. */
  name?: (option: string) => string
}

/** One of a few, in the Workbench's own select. */
export const Choice = ({ label, value, options, onChange, name = String }: ChoiceProps) => (
  <Select value={value} onValueChange={onChange}>
    <SelectTrigger className="pets-choice" aria-label={label}>
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
