import type { AuditLine } from '../audit/audit'
import { formatMoment, formatTime } from './times'

/** The height of a row in the style sheet, in px. */
export const AUDIT_ROW_HEIGHT = 46

/** Returns the id of the pet that a line is about; null if it is about none. */
export const petOf = ({ data: { petId } }: AuditLine): string | null => (typeof petId === 'string' ? petId : null)

/** Returns the text of a line after its topic and pet. */
const summaryOf = ({ data, by }: AuditLine): string => {
  if ('totalScanned' in data) {
    return `${data.totalScanned} scanned, ${data.purgedCount} purged, ${data.failedCount} failed`
  }
  const text =
    'processingTimeMs' in data
      ? `done in ${data.processingTimeMs} ms`
      : [data.name, data.species].filter((part) => typeof part === 'string').join(', ')
  return by === undefined ? text : `${text} by ${by}`
}

interface AuditRowProps {
  line: AuditLine
  onPetId: (petId: string) => void
  onTrace: (traceId: string) => void
}

/** A line of the audit trail, with links to its pet and its trace. */
export const AuditRow = ({ line, onPetId, onTrace }: AuditRowProps) => {
  const pet = petOf(line)
  const summary = summaryOf(line)
  return (
    <li className="pets-line" data-testid="audit-line">
      <time title={formatMoment(line.at)}>{formatTime(line.at)}</time>
      <strong title={line.topic}>{line.topic}</strong>
      <span className="pets-line-text" title={summary}>
        {pet !== null && (
          <button type="button" className="pets-link" onClick={() => onPetId(pet)}>
            pet {pet}
          </button>
        )}{' '}
        {summary}
      </span>
      <button
        type="button"
        className="pets-link pets-trace"
        title="Show this trace"
        onClick={() => onTrace(line.traceId)}
      >
        {line.traceId}
      </button>
    </li>
  )
}
