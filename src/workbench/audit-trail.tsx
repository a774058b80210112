import { Input } from '@motiadev/ui'
import { useMemo, useState } from 'react'
import type { AuditLine } from '../audit/audit'
import { NAMESPACES } from '../pets/pet'
import { AUDIT_ROW_HEIGHT, AuditRow, petOf } from './audit-row'
import { Choice } from './choice'
import { openTrace } from './open-trace'
import { useRowWindow } from './use-row-window'

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
  const { scroller, first, end, before, after } = useRowWindow(shown.length, AUDIT_ROW_HEIGHT)

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
          placeholder="pet id"
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
          {shown.slice(first, end).map((line) => (
            <AuditRow key={line.id} line={line} onPetId={onPetId} onTrace={showTrace} />
          ))}
          <li aria-hidden style={{ height: after }} />
        </ol>
        {shown.length === 0 && <p className="pets-empty">No events yet</p>}
      </div>
    </section>
  )
}
