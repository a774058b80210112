/** Returns the value of a JSON text, or the text itself if it is not JSON. */
export const parseIfJson = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
