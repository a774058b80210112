import { expect, test } from 'vitest'
import { z } from 'zod'
import { clientFields, SPECIES } from '../../src/pets/pet'
import { bodyOf, fieldOf, fieldsOf, petFields } from '../../src/workbench/pet-fields'
import { filterPets, NO_FILTER } from '../../src/workbench/pet-filter'
import { formatAge, formatSpan } from '../../src/workbench/times'
import { buildPet } from '../store/build-pet'

const MINUTE = 60_000
const HOUR = 60 * MINUTE

test('When a span is shown, then it has its two largest units', () => {
  expect(formatSpan(30 * 24 * HOUR - 1)).toBe('29 d 23 h')
  expect(formatSpan(24 * HOUR - 1)).toBe('23 h 59 min')
  expect(formatSpan(HOUR - 1)).toBe('59 min')
  expect(formatSpan(MINUTE - 1)).toBe('60 s')
  expect(formatSpan(1)).toBe('1 s')
  expect(formatSpan(0)).toBe('due')
  expect(formatSpan(-HOUR)).toBe('due')
})

test('When an age is shown, then it reads as people say it', () => {
  expect([0, 7, 12, 24, 30].map(formatAge)).toEqual(['0 mo', '7 mo', '1 y', '2 y', '2 y 6 mo'])
})

test('When pets are searched, then an id or part of a name or of the notes matches, and filters narrow that further', () => {
  const pets = [
    buildPet({ id: '1', name: 'Buddy' }),
    buildPet({ id: '2', name: 'Bo', species: 'cat', notes: 'Likes buddy' }),
    buildPet({ id: '11', name: 'Rex', status: 'adopted' }),
  ]
  const found = (filter: Partial<typeof NO_FILTER>) => filterPets(pets, { ...NO_FILTER, ...filter }).map(({ id }) => id)
  expect(found({})).toEqual(['1', '2', '11'])
  expect(found({ text: ' BUDDY ' })).toEqual(['1', '2'])
  expect(found({ text: '1' })).toEqual(['1'])
  expect(found({ text: 'buddy', species: 'cat' })).toEqual(['2'])
  expect(found({ status: 'adopted' })).toEqual(['11'])
})

test('When an age is not a number, then it is sent as it was typed, for the endpoint to refuse', () => {
  const fields = { name: 'Rex', species: 'dog', ageMonths: '12' }
  expect(bodyOf(fields)).toEqual({ name: 'Rex', species: 'dog', ageMonths: 12 })
  expect(bodyOf({ ...fields, ageMonths: 'old' })).toMatchObject({ ageMonths: 'old' })
  expect(bodyOf({ ...fields, ageMonths: ' ' })).toMatchObject({ ageMonths: ' ' })
})

test('When a field is of any other kind, then the form shows it, sends it as it was, and leaves out a blank one', () => {
  const schemas = {
    size: z.enum(['small', 'large']).optional(),
    mood: z.enum(['good', 'bad']).default('bad'),
    isChipped: z.boolean().default(false),
    isCalm: z.boolean().optional(),
    born: z.iso.date().nullable().default(null),
    tags: z.array(z.string()).default([]),
    address: z.object({ city: z.string() }).optional(),
    kilos: z.number().optional(),
    code: z.string().default('1'),
  }
  const fields = Object.entries<z.ZodType>(schemas).map(([name, schema]) => fieldOf(name, schema))
  const defaults = { mood: 'bad', isChipped: false, tags: [], code: '1' }
  expect(bodyOf(fieldsOf(undefined, fields), fields)).toEqual(defaults)
  const given = { size: 'large', isCalm: true, born: '2020-02-29', address: { city: 'Bern' }, kilos: 1.5, code: '007' }
  const pet = { ...buildPet({ id: '1' }), ...defaults, ...given }
  expect(bodyOf(fieldsOf(pet, fields), fields)).toEqual({ ...defaults, ...given })
  expect(bodyOf(fieldsOf(buildPet({ id: '1' }), fields), fields)).toEqual({})
  expect(fields.map(({ options }) => options?.[0])).toEqual(['–', 'good', 'true', '–', ...Array(5).fill(undefined)])
})

test('When a form is built, then it has every field that a client sets, with the options of an enum', () => {
  expect(petFields.map(({ name }) => name)).toEqual(Object.keys(clientFields))
  expect(petFields.find(({ name }) => name === 'species')).toMatchObject({ label: 'Species', options: SPECIES })
  expect(petFields.find(({ name }) => name === 'ageMonths')).toMatchObject({ label: 'Age in months', isNumber: true })
})
