// A process that changes a store until it is done or killed: writer-process.ts <data folder> create|count|hold [<number>]
// It prints a line for every change that was acknowledged, at once.
import { writeSync } from 'node:fs'
import { createFileStore } from '../../src/store/file/file-store'
import { petOf } from './build-pet'

const [dataDir = '', mode, number] = process.argv.slice(2)
const store = createFileStore({ dataDir })
const print = (line: string | number) => writeSync(1, `${line}\n`)

if (mode === 'create') {
  // Five at a time, so that turns carry several changes.
  for (let done = 0; done < Number(number); done += 5) {
    const pets = await Promise.all(Array.from({ length: 5 }, () => store.create(petOf())))
    for (const { id } of pets) print(id)
  }
}

if (mode === 'count') {
  const id = number ?? ''
  for (;;) {
    const change = await store.update(id, (pet) => ({ ...pet, ageMonths: pet.ageMonths + 1 }))
    print(change?.after.ageMonths ?? 'none')
  }
}

if (mode === 'hold') {
  await store.create(() => {
    print('holding')
    for (;;);
  })
}
