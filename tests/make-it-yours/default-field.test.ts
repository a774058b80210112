import { join } from 'node:path'
import { expect, test } from 'vitest'
import { buildPet } from '../store/build-pet'
import { makeDataDir } from '../store/data-dir'
import { copyProject } from '../support/project-copy'

const copy = copyProject()
copy.edit('src/pets/pet.ts', /(?<=^ {2}ageMonths: .*\n)/m, "  colour: z.string().default('brown'),\n")

const payloads: typeof import('../../src/pets/payloads') = await import(join(copy.root, 'src/pets/payloads.ts'))
const { createFileStore }: typeof import('../../src/store/file/file-store') = await import(
  join(copy.root, 'src/store/file/file-store.ts')
)

const rex = buildPet({ id: '1', name: 'Rex' })

/** A store whose file was written before the pets had a colour. */
const oldStore = () => {
  const dir = makeDataDir()
  dir.write(JSON.stringify({ seq: 3, pets: { 1: rex, 2: { ...rex, id: '2', colour: 'black' } } }))
  return createFileStore({ dataDir: dir.path })
}

test('When a field has a default, then a create without the field gets it', () => {
  const { createPetSchema } = payloads
  const body = { name: 'Rex', species: 'dog', ageMonths: 1 }
  expect(createPetSchema.parse(body)).toEqual({ ...body, colour: 'brown' })
  expect(createPetSchema.parse({ ...body, colour: 'black' })).toEqual({ ...body, colour: 'black' })
})

test('When a field has a default, then an update without the field leaves it alone', () => {
  const { updatePetSchema } = payloads
  expect(updatePetSchema.parse({ name: 'Rex' })).toEqual({ name: 'Rex' })
  expect(updatePetSchema.parse({ colour: 'black' })).toEqual({ colour: 'black' })
})

test('When a data file is older than a field with a default, then the pets without it get the default', async () => {
  const store = oldStore()
  expect(await store.get('1')).toEqual({ ...rex, colour: 'brown' })
  expect(await store.list()).toEqual([
    { ...rex, colour: 'brown' },
    { ...rex, id: '2', colour: 'black' },
  ])
  const change = await store.update('1', (pet) => ({ ...pet, name: 'Max' }))
  expect(change?.after).toEqual({ ...rex, name: 'Max', colour: 'brown' })
  await store.close()
})
