import { workbenchXPath } from '@motiadev/workbench'
import { findElement } from './type-into'

const KEY = 'pets-tutorial-pet'

/** Returns the id of the pet that the tutorial has created; before that, the first id of a store. */
export const createdPetId = (): string => localStorage.getItem(KEY) ?? '1'

/** Remembers the id in the response that the Endpoints tab shows. */
export const rememberCreatedPet = (): void => {
  const response = findElement(workbenchXPath.endpoints.response)?.textContent ?? ''
  const id = /"id": "(\d+)"/.exec(response)?.[1]
  if (id) localStorage.setItem(KEY, id)
}
