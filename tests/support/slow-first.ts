import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** The files that take longest, most of the time because they wait. */
const SLOW = [
  ...['docs/pages', 'make-it-yours/make-it-yours', 'scaling/instances', 'chaos/short', 'bullmq/conformance'],
  ...['embedded/conformance', 'scaling/reapers', 'system/runtime-parity', 'scaling/copy-pets', 'system/shared-folder'],
  ...['faults/power-cuts', 'scaling/start-up', 'e2e/tutorial-walks', 'e2e/workbench'],
].map((file) => `/${file}.test.ts`)

/** Begins with the slow files, so that the last ones to run end at about the same time. */
export class SlowFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    const isSlow = ({ moduleId }: TestSpecification) => SLOW.some((file) => moduleId.endsWith(file))
    return [...sorted.filter(isSlow), ...sorted.filter((file) => !isSlow(file))]
  }
}
