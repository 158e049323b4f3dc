import { describe, expect, test, vi } from 'vitest'
import { sql } from '../../src/platform/database/database.js'
import type { Effect } from '../../src/platform/outbox/outbox.effect.js'
import { claimEffects } from '../../src/platform/outbox/outbox.sql.js'
import { eventually } from '../support/eventually.js'
import { createGate, eachTestWithOutbox, HOUR_MS, KIND, untilAborted } from './outbox.fixture.js'

// It is renewed each third of this, so that a busy machine may be late.
const LEASE_MS = 5_000

const fixture = eachTestWithOutbox()

describe('an effect', () => {
  test('is carried out once, with what its transaction said, and leaves the outbox', async () => {
    const effects: Effect[] = []
    const id = await fixture.add({ tower: 'north' })
    fixture.work({ run: async (effect) => void effects.push(effect) })
    await fixture.waitUntilEmpty()

    expect(effects).toHaveLength(1)
    expect(effects[0]).toMatchObject({
      id,
      kind: KIND,
      payload: { tower: 'north' },
      organizationId: 'org_1',
      attempts: 0,
      requestId: 'req_1',
      traceId: 'trace',
      correlationId: null,
    })
    expect(effects[0]?.createdAt).toBeInstanceOf(Date)
  })

  test('may come from no organization and no request', async () => {
    const run = vi.fn(async (_effect: Effect) => undefined)
    await fixture.db.transaction((tx) =>
      fixture.outbox.addEffect(tx, { kind: KIND, payload: {}, organizationId: null, request: null }),
    )
    fixture.work({ run })
    await fixture.waitUntilEmpty()

    expect(run.mock.calls[0]?.[0]).toMatchObject({ organizationId: null, requestId: null, traceId: null })
  })

  test('of a transaction that is rolled back is never carried out, and wakes nobody', async () => {
    const woken = vi.fn()
    fixture.bus.subscribe('outbox', woken)
    const failed = fixture.db.transaction(async (tx) => {
      await fixture.outbox.addEffect(tx, { kind: KIND, payload: {}, organizationId: null, request: null })
      throw new Error('rolled back')
    })
    await expect(failed).rejects.toThrow('rolled back')

    expect(await fixture.rows()).toEqual([])
    expect(woken).not.toHaveBeenCalled()
  })

  test('wakes a worker that sleeps', async () => {
    const run = vi.fn(async () => undefined)
    fixture.work({ run }, { pollMs: HOUR_MS })
    // After this first effect the worker sleeps, or is about to.
    await fixture.add()
    await fixture.waitUntilEmpty()
    await fixture.add()
    await fixture.waitUntilEmpty()

    expect(run).toHaveBeenCalledTimes(2)
  })

  test('of a kind that the worker does not know is left to another', async () => {
    const run = vi.fn(async () => undefined)
    const id = await fixture.db.transaction((tx) =>
      fixture.outbox.addEffect(tx, { kind: 'gong.beat', payload: {}, organizationId: null, request: null }),
    )
    fixture.work({ run })
    await fixture.add()
    await eventually(async () => {
      expect(await fixture.rows()).toMatchObject([{ id, attempts: 0, leaseId: null }])
    })

    expect(run).toHaveBeenCalledTimes(1)
  })

  test('is taken out of the outbox in the transaction of what follows from it', async () => {
    await fixture.add()
    let isFirst = true
    fixture.work({
      run: async () => undefined,
      async settled(tx, { id }) {
        await tx.query(sql`insert into organization (id, name) values (${id}, 'rung') returning id`)
        if (isFirst) {
          isFirst = false
          throw new Error('not yet')
        }
      },
    })
    await fixture.waitUntilEmpty()

    expect(isFirst).toBe(false)
    expect(await fixture.db.query(sql`select name from organization`)).toEqual([{ name: 'rung' }])
  })
})

describe('workers', () => {
  test('never run one effect at once, and carry out each of many once', async () => {
    const ids = await Promise.all(Array.from({ length: 40 }, () => fixture.add()))
    const atWork = new Set<string>()
    const done: string[] = []
    const run = async ({ id }: Effect) => {
      // A failure here would only be tried again: the effect would stand in `done` twice all the same.
      if (atWork.has(id)) done.push(id)
      atWork.add(id)
      await fixture.db.query(sql`select 1`)
      atWork.delete(id)
      done.push(id)
    }
    for (let count = 0; count < 3; count++) fixture.work({ run })
    await fixture.waitUntilEmpty()

    expect(done).toHaveLength(ids.length)
    expect(new Set(done)).toEqual(new Set(ids))
  })

  test('go on with other effects while one takes long, and with what they could not take at first', async () => {
    const gate = createGate()
    const slow = await fixture.add({ slow: 'yes' })
    for (let count = 0; count < 5; count++) await fixture.add()
    fixture.work(
      { run: async ({ payload }) => (payload.slow ? gate.opened : undefined) },
      { parallel: 2, pollMs: HOUR_MS },
    )
    await eventually(async () => expect(await fixture.rows()).toMatchObject([{ id: slow }]))
    gate.open()
    await fixture.waitUntilEmpty()
  })

  test('take over the effect of a worker that died, once its lease has ended', async () => {
    const added = [await fixture.add(), await fixture.add()]
    const claimed = await fixture.db.query<{ id: string }>(
      claimEffects('lease_of_the_dead', HOUR_MS, [KIND], 1),
    )
    const left = claimed[0]?.id
    const other = added.find((id) => id !== left)

    const done: string[] = []
    fixture.work({ run: async ({ id }) => void done.push(id) })
    await eventually(() => expect(done).toEqual([other]))
    await eventually(async () =>
      expect(await fixture.rows()).toMatchObject([{ id: left, leaseId: 'lease_of_the_dead' }]),
    )

    await fixture.db.query(sql`update outbox set lease_expires_at = now() returning id`)
    await fixture.waitUntilEmpty()
    expect(done).toEqual([other, left])
  })

  test('keep what takes longer than a lease', async () => {
    const gate = createGate()
    const run = vi.fn(() => gate.opened)
    await fixture.add()
    for (let count = 0; count < 2; count++) fixture.work({ run }, { leaseMs: LEASE_MS })
    const readLease = () =>
      fixture.db.query<{ leaseId: string; age: number }>(sql`
        select lease_id as "leaseId", extract(epoch from now() - created_at)::float8 as age from outbox`)
    const [first] = await eventually(async () => {
      expect(run).toHaveBeenCalled()
      return readLease()
    })
    await eventually(async () =>
      expect((await readLease())[0]?.age).toBeGreaterThan((1.2 * LEASE_MS) / 1_000),
    )

    expect((await readLease())[0]?.leaseId).toBe(first?.leaseId)
    gate.open()
    await fixture.waitUntilEmpty()
    expect(run).toHaveBeenCalledTimes(1)
  })
})

describe('a worker whose lease has become another’s', () => {
  const steal = () =>
    fixture.db.query(sql`
      update outbox set lease_id = 'lease_of_another', lease_expires_at = now() + interval '1 hour' returning id`)

  test.each([
    ['has carried out', async () => undefined],
    ['has failed at', () => Promise.reject(new Error('failed'))],
  ])('writes nothing of an effect that it %s', async (_, outcome) => {
    const [begun, gate] = [createGate(), createGate()]
    const settled = vi.fn(async () => undefined)
    await fixture.add()
    const run = () => {
      begun.open()
      return gate.opened.then(outcome)
    }
    const worker = fixture.work({ run, settled }, { graceMs: 15_000 })
    await begun.opened
    await steal()
    gate.open()
    await worker.stop()

    expect(await fixture.rows()).toMatchObject([
      { leaseId: 'lease_of_another', attempts: 0, lastError: null },
    ])
    expect(settled).not.toHaveBeenCalled()
  })

  test('ends what it has begun', async () => {
    const begun = createGate()
    const run = vi.fn((_effect: Effect, signal: AbortSignal) => {
      begun.open()
      return untilAborted(signal)
    })
    await fixture.add()
    fixture.work({ run }, { leaseMs: 300 })
    await begun.opened
    await steal()
    await eventually(() => expect(run.mock.calls[0]?.[1].reason).toMatchObject({ name: 'LeaseLost' }))

    expect(await fixture.rows()).toMatchObject([{ leaseId: 'lease_of_another', attempts: 0 }])
  })
})
