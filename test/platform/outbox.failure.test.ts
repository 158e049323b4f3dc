import { describe, expect, test, vi } from 'vitest'
import { type Effect, PermanentFailure, RetryableFailure } from '../../src/platform/outbox/outbox.effect.js'
import { eventually } from '../support/eventually.js'
import { createGate, eachTestWithOutbox, HOUR_MS, untilAborted } from './outbox.fixture.js'

const fixture = eachTestWithOutbox()
const ERROR = 50
const LONG = { baseMs: HOUR_MS, maxMs: HOUR_MS }

/** Waits for the only effect to have failed so often. */
function waitForAttempts(attempts: number) {
  return eventually(async () => {
    const [row] = await fixture.rows()
    if (row?.attempts !== attempts || row.leaseId !== null) {
      throw new Error(`The outbox still holds ${JSON.stringify(row)}`)
    }
    return row
  })
}

describe('an effect that fails', () => {
  test('is tried again until it succeeds, and each try knows how many failed before', async () => {
    const attempts: number[] = []
    await fixture.add()
    fixture.work({
      async run(effect) {
        attempts.push(effect.attempts)
        if (effect.attempts < 3) throw new RetryableFailure('The bell is stuck.')
      },
    })
    await fixture.waitUntilEmpty()

    expect(attempts).toEqual([0, 1, 2, 3])
  })

  test('waits before it is tried again, no longer than its backoff says', async () => {
    await fixture.add()
    const run = () => Promise.reject(new RetryableFailure('The bell is stuck.'))
    const worker = fixture.work({ run }, { backoff: LONG })
    const row = await waitForAttempts(1)
    await worker.stop()

    expect(row).toMatchObject({ lastError: 'The bell is stuck.', isParked: false })
    expect(row.waitMs).toBeLessThanOrEqual(HOUR_MS)
    expect(fixture.log).toMatchObject([{ level: 40, msg: 'effect failed; trying again', requestId: 'req_1' }])
  })

  test('waits at least as long as it is asked to', async () => {
    await fixture.add()
    fixture.work({ run: () => Promise.reject(new RetryableFailure('Come back later.', HOUR_MS)) })

    expect((await waitForAttempts(1)).waitMs).toBeGreaterThan(HOUR_MS - 60_000)
  })

  test('is parked after its last try, which is logged as an error once, and then left alone', async () => {
    const tries: string[] = []
    const stuck = await fixture.add({ bell: 'stuck' })
    const worker = fixture.work(
      {
        async run({ id, payload }) {
          tries.push(id)
          if (payload.bell === 'stuck') throw new RetryableFailure('The bell is stuck.')
        },
      },
      { maxAttempts: 3 },
    )
    expect(await waitForAttempts(3)).toMatchObject({ isParked: true, lastError: 'The bell is stuck.' })
    // Another effect shows that the worker has looked again.
    const other = await fixture.add()
    await eventually(async () => expect(await fixture.rows()).toMatchObject([{ id: stuck, isParked: true }]))
    await worker.stop()

    expect(tries).toEqual([stuck, stuck, stuck, other])
    expect(fixture.log.filter(({ level }) => level === ERROR)).toMatchObject([
      { effectId: stuck, attempts: 3 },
    ])
  })

  test('is parked at once when no further try can mend it', async () => {
    await fixture.add()
    const worker = fixture.work({ run: () => Promise.reject(new PermanentFailure('There is no bell.')) })
    expect(await waitForAttempts(1)).toMatchObject({ isParked: true, lastError: 'There is no bell.' })
    await worker.stop()

    expect(fixture.log).toMatchObject([{ level: ERROR, effectId: expect.any(String), attempts: 1 }])
  })

  test('stores no words of a failure that nobody foresaw: they may hold a secret', async () => {
    await fixture.add()
    fixture.work({ run: () => Promise.reject(new TypeError('password=hunter2')) }, { backoff: LONG })

    expect((await waitForAttempts(1)).lastError).toBe('The effect failed unexpectedly (TypeError).')
  })

  test('stores one short line of a failure that was foreseen', async () => {
    await fixture.add()
    const failure = new PermanentFailure(`a\n\0${'b'.repeat(1_000)}`)
    fixture.work({ run: () => Promise.reject(failure) })

    expect((await waitForAttempts(1)).lastError).toBe(`a ${'b'.repeat(298)}`)
  })

  test('has failed when it does not end in time, even if it heeds no signal', async () => {
    await fixture.add()
    fixture.work({ run: () => new Promise(() => undefined) }, { timeoutMs: 20, backoff: LONG })

    expect((await waitForAttempts(1)).lastError).toBe('The effect did not end within 20 ms.')
  })
})

describe('a worker that stops', () => {
  test('lets what is under way finish', async () => {
    const [begun, gate] = [createGate(), createGate()]
    await fixture.add()
    const run = () => {
      begun.open()
      return gate.opened
    }
    const worker = fixture.work({ run }, { graceMs: 15_000 })
    await begun.opened
    const stopped = worker.stop()
    gate.open()
    await stopped

    expect(await fixture.rows()).toEqual([])
  })

  test('ends what takes too long, and gives it back as it was', async () => {
    const begun = createGate()
    const run = vi.fn((_effect: Effect, signal: AbortSignal) => {
      begun.open()
      return untilAborted(signal)
    })
    await fixture.add()
    const worker = fixture.work({ run })
    await begun.opened
    await worker.stop()

    expect(run.mock.calls[0]?.[1].reason).toMatchObject({ name: 'WorkerStopped' })
    expect(await fixture.rows()).toMatchObject([{ leaseId: null, attempts: 0, lastError: null }])
    fixture.work({ run: async () => undefined })
    await fixture.waitUntilEmpty()
  })

  test('takes nothing any more', async () => {
    const run = vi.fn(async () => undefined)
    await fixture.work({ run }).stop()
    await fixture.add()

    expect(run).not.toHaveBeenCalled()
    expect(await fixture.rows()).toMatchObject([{ leaseId: null }])
  })
})
