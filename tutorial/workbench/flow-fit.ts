/** The part of the panel's width or height that a fitted flow takes. The rest is margin. */
const FITTED_SHARE = 0.8

/** Returns whether the flow view shows the whole flow, as large as possible. */
export const isFlowFitted = (): boolean => {
  const panel = document.querySelector('.react-flow')?.getBoundingClientRect()
  const boxes = [...document.querySelectorAll('.react-flow__node')].map((node) => node.getBoundingClientRect())
  if (!panel || boxes.length === 0) return false
  const left = Math.min(...boxes.map((box) => box.left))
  const top = Math.min(...boxes.map((box) => box.top))
  const right = Math.max(...boxes.map((box) => box.right))
  const bottom = Math.max(...boxes.map((box) => box.bottom))
  const isInside = left >= panel.left && top >= panel.top && right <= panel.right && bottom <= panel.bottom
  return isInside && Math.max((right - left) / panel.width, (bottom - top) / panel.height) > FITTED_SHARE
}
