import { useEffect, useRef } from 'react'
import { createPortal } from 'react-dom'

/** A button beside the Workbench's own Continue, which knows no way back. The left arrow key does the same. */
export const BackButton = ({ onBack }: { onBack: () => void }) => {
  const ref = useRef<HTMLButtonElement>(null)
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      // A tutorial that was closed stays in the page, hidden.
      if (event.key === 'ArrowLeft' && ref.current?.offsetParent) onBack()
    }
    window.addEventListener('keydown', onKeyDown)
    return () => window.removeEventListener('keydown', onKeyDown)
  }, [onBack])
  const buttons = document.querySelector('.driver-popover-navigation-btns')
  if (!buttons) return null
  return createPortal(
    <button
      ref={ref}
      type="button"
      data-testid="tutorial-back"
      onClick={onBack}
      style={{ order: -1, zIndex: 1, padding: '16px 20px', color: 'var(--text-body)' }}
    >
      Back
    </button>,
    buttons,
  )
}
