import { workbenchXPath } from '@motiadev/workbench'
import { findElement } from './type-into'

/** The pet that the tutorial works on. Until it has created one: the first that any store has given out. */
let id = '1'

/** The id of the pet that the tutorial has created. */
export const createdPetId = (): string => id

/** Takes the id out of the response that the Endpoints tab shows. */
export const rememberCreatedPet = (): void => {
  const response = findElement(workbenchXPath.endpoints.response)?.textContent ?? ''
  id = /"id": "(\d+)"/.exec(response)?.[1] ?? id
}
