const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/**
 * Returns a duration in ms in its two largest units: `29 d 23 h`, `23 h 59 min`, `5 min`, `12 s`; `due` if it is over.
 */
export const formatSpan = (ms: number): string => {
  if (ms <= 0) return 'due'
  if (ms >= DAY) return `${Math.floor(ms / DAY)} d ${Math.floor((ms % DAY) / HOUR)} h`
  if (ms >= HOUR) return `${Math.floor(ms / HOUR)} h ${Math.floor((ms % HOUR) / MINUTE)} min`
  return ms >= MINUTE ? `${Math.floor(ms / MINUTE)} min` : `${Math.ceil(ms / SECOND)} s`
}

/** Returns an age in months as text: `7 mo`, `2 y`, `2 y 3 mo`. */
export const formatAge = (months: number): string => {
  const years = Math.floor(months / 12)
  const rest = months % 12
  return [years > 0 ? `${years} y` : '', rest > 0 || years === 0 ? `${rest} mo` : ''].filter(Boolean).join(' ')
}

/** Returns a time in epoch ms as local date and time. */
export const formatMoment = (at: number): string =>
  new Date(at).toLocaleString('en-GB', { dateStyle: 'medium', timeStyle: 'medium' })

/** Returns a time in epoch ms as local time of day. */
export const formatTime = (at: number): string => new Date(at).toLocaleTimeString('en-GB')
