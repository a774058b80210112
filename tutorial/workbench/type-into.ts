import type { TutorialStep } from '@motiadev/workbench'

type Actions = NonNullable<TutorialStep['before']>

/** Returns the first element that an XPath finds, or null. */
export const findElement = (xpath: string): HTMLElement | null => {
  const { singleNodeValue } = document.evaluate(xpath, document, null, XPathResult.FIRST_ORDERED_NODE_TYPE)
  return singleNodeValue instanceof HTMLElement ? singleNodeValue : null
}

/**
 * Types into a text field. The Workbench's tutorial has actions only for clicks and for the request editor. So the
 * first action waits for the field, and reading the selector of the second one types.
 */
export const typeInto = (field: string, text: () => string): Actions => [
  { type: 'click', selector: field },
  {
    type: 'click',
    get selector() {
      type(findElement(field), text())
      return field
    },
    optional: true,
  },
]

/** Simulates a keyboard for React, which ignores a value set by its own setter. */
const type = (field: HTMLElement | null, text: string): void => {
  if (!(field instanceof HTMLInputElement)) return
  Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value')?.set?.call(field, text)
  field.dispatchEvent(new Event('input', { bubbles: true }))
  field.dispatchEvent(new FocusEvent('focusout', { bubbles: true }))
}
