// A process that changes a store until it is done or killed:
// writer-process.ts <data folder> create|count|hold|die [<number>, or the call before which it dies]
// It prints a line for every acknowledged change, at once.

import { watchedCalls } from '../../packages/motia-runtime/tests/files/watched-calls'
import { createFileStore } from '../../src/store/file/file-store'
import { petOf } from './build-pet'

const [dataDir = '', mode, number] = process.argv.slice(2)
const calls = watchedCalls((name) => {
  if (mode === 'die' && name === number) process.kill(process.pid, 'SIGKILL')
})
const store = createFileStore({ dataDir, calls })
const print = (line: string | number) => process.stdout.write(`${line}\n`)

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

if (mode === 'die') {
  for (let done = 0; done < 2; done += 1) print((await store.create(petOf())).id)
  // The data file is updated in the background.
  setInterval(() => {}, 1_000)
}
