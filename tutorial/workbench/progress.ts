const KEY = 'pets-tutorial-step'

/** Remembers in this browser which step (from 0) is shown. The first one is no progress. */
export const rememberStep = (step: number): void => {
  if (step > 0) localStorage.setItem(KEY, String(step))
}

/** Returns the step that was shown last, from 0; 0 if there is none. */
export const lastStep = (): number => Number(localStorage.getItem(KEY) ?? 0)
