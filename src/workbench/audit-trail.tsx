import { Input } from '@motiadev/ui'
import { useMemo, useState } from 'react'
import { NAMESPACES } from '../pets/pet'
import { Choice } from './choice'
import type { AuditLine } from './live'
import { openTrace } from './open-trace'
import { formatMoment, formatTime } from './times'
import { useRowWindow } from './use-row-window'

/** The height of a line in the style sheet, in px. */
const LINE_HEIGHT = 46

const petOf = ({ data: { petId } }: AuditLine): string | null => (typeof petId === 'string' ? petId : null)

/** Returns the text of a line after its topic and pet. */
const summaryOf = ({ data }: AuditLine): string => {
  if ('totalScanned' in data) {
    return `${data.totalScanned} scanned, ${data.purgedCount} purged, ${data.failedCount} failed`
  }
  if ('processingTimeMs' in data) return `done in ${data.processingTimeMs} ms`
  return [data.name, data.species].filter((part) => typeof part === 'string').join(', ')
}

interface AuditTrailProps {
  /** Oldest first. */
  lines: AuditLine[]
  petId: string
  onPetId: (petId: string) => void
}

/** The live audit trail, newest first, of one namespace or all, of one pet or all. */
export const AuditTrail = ({ lines, petId, onPetId }: AuditTrailProps) => {
  const [namespace, setNamespace] = useState('all')
  const [lostTrace, setLostTrace] = useState<string | null>(null)
  const shown = useMemo(
    () =>
      lines
        .filter(
          (line) =>
            (namespace === 'all' || line.topic.startsWith(`${namespace}.`)) &&
            (petId.trim() === '' || petOf(line) === petId.trim()),
        )
        .reverse(),
    [lines, namespace, petId],
  )
  const { scroller, first, end, before, after } = useRowWindow(shown.length, LINE_HEIGHT)

  const showTrace = async (traceId: string) => {
    const isShown = await openTrace(traceId)
    setLostTrace(isShown ? null : traceId)
  }

  return (
    <section className="pets-audit" aria-label="Audit trail" data-testid="pets-audit">
      <div className="pets-toolbar">
        <h2>Audit trail</h2>
        <Choice
          label="Namespace of the audit trail"
          value={namespace}
          options={['all', ...NAMESPACES]}
          onChange={setNamespace}
          name={(option) => (option === 'all' ? 'every namespace' : option)}
        />
        <Input
          className="pets-audit-pet"
          type="search"
          aria-label="Pet of the audit trail"
          placeholder="every pet"
          value={petId}
          onChange={(event) => onPetId(event.target.value)}
        />
      </div>
      {lostTrace && (
        <p className="pets-note">The Tracing tab keeps the latest traces only; {lostTrace} is not among them.</p>
      )}
      <div className="pets-scroller" ref={scroller}>
        <ol className="pets-lines">
          <li aria-hidden style={{ height: before }} />
          {shown.slice(first, end).map((line) => {
            const pet = petOf(line)
            return (
              <li key={line.id} className="pets-line" data-testid="audit-line">
                <time title={formatMoment(line.at)}>{formatTime(line.at)}</time>
                <strong title={line.topic}>{line.topic}</strong>
                <span className="pets-line-text">
                  {pet !== null && (
                    <button type="button" className="pets-link" onClick={() => onPetId(pet)}>
                      pet {pet}
                    </button>
                  )}{' '}
                  {summaryOf(line)}
                  {line.by !== undefined && ` by ${line.by}`}
                </span>
                <button
                  type="button"
                  className="pets-link pets-trace"
                  title="Show this trace"
                  onClick={() => showTrace(line.traceId)}
                >
                  {line.traceId}
                </button>
              </li>
            )
          })}
          <li aria-hidden style={{ height: after }} />
        </ol>
        {shown.length === 0 && <p className="pets-empty">No event yet</p>}
      </div>
    </section>
  )
}
