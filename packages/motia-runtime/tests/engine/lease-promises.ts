import { describe, expect, test } from 'vitest'
import { waitFor } from '../../../../tests/support/wait-for'
import type { CronRun } from '../../src/cron/cron-leases'
import type { Engine } from '../../src/engine/engine'
import { startEngineProcess } from './engine-process-plan'
import { beginTest, type MakeWorld, stopEngine } from './engine-world'

/** A tick of the test's schedule: epoch ms, to the second. */
const TICK = 1_790_000_000_000

const beginRun = async ({ leases }: Engine, step: string, tick: number): Promise<CronRun> => {
  const begun = await leases.begin(step, tick)
  if (typeof begun === 'string') throw new Error(`The tick ${tick} of ${step} is ${begun}`)
  return begun
}

/** How engines that share their storage agree on who runs a tick of a cron step. */
export const leasePromises = (makeWorld: MakeWorld): void => {
  describe.concurrent('cron leases', () => {
    test('When several servers begin a tick at once, then one runs it, and the others do not', async (context) => {
      const { open } = await beginTest(makeWorld, context)
      const engines = [await open(), await open(), await open()]
      const begun = await Promise.all(engines.map(({ leases }) => leases.begin('Reaper', TICK)))
      const runs = begun.filter((result) => typeof result !== 'string')
      expect(runs).toHaveLength(1)
      expect(begun.filter((result) => result === 'held')).toHaveLength(2)
      for (const { leases } of engines) expect(await leases.begin('Reaper', TICK)).toBe('held')

      await runs[0]?.end()
      for (const { leases } of engines) {
        expect(await leases.begin('Reaper', TICK)).toBe('done')
        expect(await leases.begin('Reaper', TICK - 1_000)).toBe('done')
        expect(await leases.lastTick('Reaper')).toBe(TICK)
      }
    })

    test('When one step runs, then the others can run too, and know nothing of its ticks', async (context) => {
      const { open } = await beginTest(makeWorld, context)
      const engine = await open()
      const runs = [await beginRun(engine, 'JsReaper', TICK), await beginRun(engine, 'PyReaper', TICK)]
      for (const run of runs) await run.end()
      expect(await engine.leases.lastTick('TsReaper')).toBeNull()
      await (await beginRun(engine, 'TsReaper', TICK)).end()
    })

    test('When a schedule has a tick every second, then each tick runs once', async (context) => {
      const { open } = await beginTest(makeWorld, context)
      const engines = [await open(), await open()]
      const ran: number[] = []
      for (let tick = TICK; tick < TICK + 5_000; tick += 1_000) {
        const begun = await Promise.all(engines.map(({ leases }) => leases.begin('Reaper', tick)))
        for (const run of begun) {
          if (typeof run === 'string') continue
          ran.push(tick)
          await run.end()
        }
      }
      expect(ran).toEqual([0, 1, 2, 3, 4].map((second) => TICK + second * 1_000))
    })

    test('When a run is released, then another server runs the same tick', async (context) => {
      const { open } = await beginTest(makeWorld, context)
      const [first, second] = [await open(), await open()]
      await (await beginRun(first, 'Reaper', TICK)).release()
      expect(await first.leases.lastTick('Reaper')).toBeNull()
      await (await beginRun(second, 'Reaper', TICK)).end()
      expect(await first.leases.begin('Reaper', TICK)).toBe('done')
    })

    test('When the server restarts, then the ticks that were run are still known', async (context) => {
      const { open } = await beginTest(makeWorld, context)
      const engine = await open()
      await (await beginRun(engine, 'Reaper', TICK)).end()
      await stopEngine(engine)
      const next = await open()
      expect(await next.leases.lastTick('Reaper')).toBe(TICK)
      expect(await next.leases.begin('Reaper', TICK)).toBe('done')
      await (await beginRun(next, 'Reaper', TICK + 1_000)).release()
    })

    test('When the server that runs a tick is killed, then another one gets it within 20 s', async (context) => {
      const { world, open } = await beginTest(makeWorld, context)
      const child = startEngineProcess({ ...world, lease: { step: 'Reaper', tick: TICK } })
      await child.printed('lease: run')
      const engine = await open()
      expect(await engine.leases.begin('Reaper', TICK)).toBe('held')
      await child.stop('SIGKILL')
      const look = async () => {
        const begun = await engine.leases.begin('Reaper', TICK)
        return typeof begun !== 'string' && begun
      }
      await (await waitFor(look, { timeout: 20_000, what: 'the run to be taken over', interval: 200 })).end()
      expect(await engine.leases.lastTick('Reaper')).toBe(TICK)
    }, 30_000)
  })
}
