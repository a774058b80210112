import { describe, expect, test } from 'vitest'
import { PetsDocument } from '../../src/store/file/pets-document'
import { PetsDraft } from '../../src/store/file/pets-draft'
import { rereadDocument } from '../../src/store/file/pets-reread'
import { buildPet } from './build-pet'

const bytesOf = (document: PetsDocument) => Buffer.concat(document.toParts())

function change(base: PetsDocument, edit: (draft: PetsDraft) => void): PetsDocument {
  const draft = new PetsDraft(base)
  edit(draft)
  return draft.finish()
}

const known = change(PetsDocument.empty, (draft) => {
  for (let id = 1; id <= 300; id++) draft.set(buildPet({ id: String(id) }))
})

function countShared(document: PetsDocument | null): number {
  return [...known.blocks].filter(([number, block]) => document?.blocks.get(number) === block).length
}

describe('rereading what the store wrote', () => {
  test('gives the known document itself when nothing changed', () => {
    expect(rereadDocument(bytesOf(known), known)).toBe(known)
  })

  test('gives an equal document when nothing was known', () => {
    expect(rereadDocument(bytesOf(known), PetsDocument.empty)?.list()).toEqual(known.list())
    expect(rereadDocument(bytesOf(PetsDocument.empty), known)?.list()).toEqual([])
  })

  test.each<[string, number, (draft: PetsDraft) => void]>([
    ['a pet added', 1, (draft) => draft.set(buildPet({ id: '301' }))],
    ['a pet changed', 1, (draft) => draft.set(buildPet({ id: '100', name: 'a longer name' }))],
    [
      'the first and the last changed',
      2,
      (draft) => ['1', '300'].map((id) => draft.set(buildPet({ id, name: 'Rex' }))),
    ],
    ['a pet removed', 1, (draft) => draft.delete('1')],
    [
      'the last pets removed',
      1,
      (draft) => Array.from({ length: 45 }, (_, index) => draft.delete(String(256 + index))),
    ],
  ])('takes over the blocks that stay the same: %s', (_, differing, edit) => {
    const next = change(known, edit)
    const reread = rereadDocument(bytesOf(next), known)
    expect(reread?.list()).toEqual(next.list())
    expect(reread?.seq).toBe(next.seq)
    expect(countShared(reread)).toBe(known.blocks.size - differing)
  })

  test('gives pets an untouched neighbour of a changed block by identity', () => {
    const reread = rereadDocument(bytesOf(change(known, (draft) => draft.delete('1'))), known)
    expect(reread?.get('200')).toBe(known.get('200'))
  })
})

describe('rereading leaves to the full parse', () => {
  const text = bytesOf(known).toString()
  const pet = (id: string) => bytesOf(change(PetsDocument.empty, (draft) => draft.set(buildPet({ id })))).toString()
  const member = (id: string) => pet(id).slice(pet(id).indexOf('\n    "'), pet(id).lastIndexOf('\n  }'))

  test.each([
    ['another layout', JSON.stringify(JSON.parse(text))],
    ['windows line breaks', text.replaceAll('\n', '\r\n')],
    ['a pet that is there twice, side by side', text.replace(member('5'), `${member('5')},${member('5')}`)],
    ['a pet that is there twice, far apart', text.replace(member('200'), `${member('200')},${member('5')}`)],
    ['pets in another order', text.replace(`${member('5')},${member('6')}`, `${member('6')},${member('5')}`)],
    ['a second seq', text.replace(/\n}\n$/, ',\n  "seq": 5\n}\n')],
    ['second pets', text.replace(/\n}\n$/, ',\n  "pets": {}\n}\n')],
    ['an unknown key in another layout', text.replace(/\n}\n$/, ', "comment": "ours"\n}\n')],
    ['a field that is there twice', text.replace('"name": "Buddy"', '"name": "Buddy",\n      "name": "Buddy"')],
    ['an invalid pet', text.replace('"dog"', '"dragon"')],
    ['a seq that is behind', text.replace('"seq": 301', '"seq": 300')],
    ['a cut file', text.slice(0, -100)],
    ['something after the end', `${text}}`],
    ['a number written in another way', text.replace('"ageMonths": 12', '"ageMonths": 12.0')],
  ])('%s', (_, changed) => {
    expect(changed).not.toBe(text)
    expect(rereadDocument(Buffer.from(changed), known)).toBeNull()
  })
})
