const KEY = 'pets-tutorial-step'

/** Remembers the index of the shown step in this browser. The first step does not count as progress. */
export const rememberStep = (step: number): void => {
  if (step > 0) localStorage.setItem(KEY, String(step))
}

/** Returns the index of the last shown step; 0 if there is none. */
export const lastStep = (): number => Number(localStorage.getItem(KEY) ?? 0)
