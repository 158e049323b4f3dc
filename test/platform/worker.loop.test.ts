import { expect, test } from 'vitest'
import { WorkerLoop } from '../../src/platform/workers/worker.loop.js'
import { eventually } from '../support/eventually.js'
import { LogLines } from '../support/log.lines.js'

const AN_HOUR_MS = 3_600_000

function failing(times: number) {
  const logs = new LogLines()
  let steps = 0
  const step = async () => {
    steps += 1
    if (steps <= times) throw new Error(`no answer to step ${steps}`)
  }
  const loop = new WorkerLoop('test', step, logs.logger, AN_HOUR_MS)
  return { loop, logs, steps: () => steps }
}

test('a step that fails is logged and taken again, and then the loop goes on as before', async () => {
  const { loop, logs, steps } = failing(2)

  loop.start()
  await eventually(() => expect(steps()).toBe(3))
  loop.call()
  await eventually(() => expect(steps()).toBe(4))
  await loop.stop()

  expect(logs.complaints()).toMatchObject(
    [1, 2].map((step) => ({ worker: 'test', err: { message: `no answer to step ${step}` } })),
  )
})

test('a loop stops at once, however long it would wait after failures', async () => {
  const { loop, steps } = failing(Number.POSITIVE_INFINITY)
  loop.start()
  await eventually(() => expect(steps()).toBeGreaterThan(3))

  await loop.stop()

  const taken = steps()
  loop.call()
  expect(steps()).toBe(taken)
})
