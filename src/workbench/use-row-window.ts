import { type RefObject, useEffect, useRef, useState } from 'react'

/** How many rows to draw above and below the view. */
const SPARE_ROWS = 12

/** The rows of a long list to draw, and the space of the others, in px. */
interface RowWindow {
  /** The ref of the scrolling element. */
  scroller: RefObject<HTMLDivElement | null>
  first: number
  /** The row after the last one. */
  end: number
  before: number
  after: number
}

/** Returns the rows in view of a list of `count` rows, each `rowHeight` px high. */
export const useRowWindow = (count: number, rowHeight: number): RowWindow => {
  const scroller = useRef<HTMLDivElement>(null)
  const [view, setView] = useState({ top: 0, height: 0 })

  useEffect(() => {
    const element = scroller.current
    if (!element) return
    const look = () => setView({ top: element.scrollTop, height: element.clientHeight })
    const sizes = new ResizeObserver(look)
    sizes.observe(element)
    element.addEventListener('scroll', look, { passive: true })
    look()
    return () => {
      sizes.disconnect()
      element.removeEventListener('scroll', look)
    }
  }, [])

  // If the list gets shorter, the scroller may be beyond its end for a moment.
  const top = Math.min(view.top, Math.max(0, count * rowHeight - view.height))
  // In steps of whole blocks, so that most scroll events change nothing.
  const first = Math.max(0, Math.floor(top / rowHeight / SPARE_ROWS) * SPARE_ROWS - SPARE_ROWS)
  const end = Math.min(count, first + Math.ceil(view.height / rowHeight) + 3 * SPARE_ROWS)
  return { scroller, first, end, before: first * rowHeight, after: (count - end) * rowHeight }
}
