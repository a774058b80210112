import { useEffect, useRef } from 'react'
import { createPortal } from 'react-dom'
import { useProjectSteps } from './project-steps'

interface NavigationProps {
  /** The title of each chapter and the index of its first step. */
  chapters: { title: string; first: number }[]
  /** The index of the shown step. */
  current: number
  goTo: (step: number) => void
}

/** Keeps the keys of text fields from the tutorial, which listens to all keys of the window. */
const keepTyping = (event: KeyboardEvent): void => {
  const isField = event.target instanceof Element && event.target.matches('input, textarea, [role="textbox"]')
  if (isField) event.stopPropagation()
}

/** A Back button and a list of chapters, besides the Workbench's own Continue. The left arrow key goes back too. */
export const Navigation = ({ chapters, current, goTo }: NavigationProps) => {
  const ref = useRef<HTMLSelectElement>(null)
  useProjectSteps()
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      // A closed tutorial stays in the page, hidden.
      if (event.key === 'ArrowLeft' && current > 0 && ref.current?.offsetParent) goTo(current - 1)
    }
    document.addEventListener('keydown', keepTyping)
    window.addEventListener('keydown', onKeyDown)
    return () => {
      document.removeEventListener('keydown', keepTyping)
      window.removeEventListener('keydown', onKeyDown)
    }
  }, [current, goTo])
  const buttons = document.querySelector('.driver-popover-navigation-btns')
  if (!buttons) return null
  const chapter = chapters.findLastIndex(({ first }) => first <= current)
  return createPortal(
    <div style={{ order: -1, display: 'flex', alignItems: 'center' }}>
      <select
        ref={ref}
        className="tutorial-chapters"
        aria-label="Chapter"
        value={chapter}
        onChange={({ target }) => goTo(chapters[Number(target.value)]?.first ?? 0)}
      >
        {chapters.map(({ title }, index) => (
          <option key={title} value={index}>
            {index + 1}. {title}
          </option>
        ))}
      </select>
      {current > 0 && (
        <button type="button" className="tutorial-button" data-testid="tutorial-back" onClick={() => goTo(current - 1)}>
          Back
        </button>
      )}
    </div>,
    buttons,
  )
}
