import type { Answer } from './pets-api'

const issuesOf = (body: unknown): string => {
  if (typeof body !== 'object' || body === null || !('issues' in body) || !Array.isArray(body.issues)) return ''
  return body.issues.map(({ path, message }) => `${path} ${message}`.trim()).join('; ')
}

/** Shows the last request and its response: status and body, or the reason for a refusal. */
export const AnswerLine = ({ answer }: { answer: Answer }) => {
  const { id, method, path, status, body } = answer
  const isError = status < 200 || status >= 300
  return (
    <output
      key={id}
      className={isError ? 'pets-answer pets-answer-error' : 'pets-answer'}
      role={isError ? 'alert' : 'status'}
      data-testid="pets-answer"
    >
      <strong>
        {method} {path} → {status || 'no response'}
      </strong>
      {isError && <span>{issuesOf(body)}</span>}
      <code>{typeof body === 'string' ? body : JSON.stringify(body)}</code>
    </output>
  )
}
