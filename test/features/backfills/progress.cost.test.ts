import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../../support/app.js'
import { IDLE_WORKERS } from '../../support/idle.workers.js'
import type { SeededLink } from '../../support/seed.js'
import { countStatements } from '../../support/statements.js'
import { StoppedClock } from '../../support/stopped.clock.js'
import type { TestSubscription } from '../../support/subscription.js'

/** What watching costs the database. Changes are made behind the server's back, so that only a look can find them. */

// Longer than until the next look.
const A_LOOK_MS = 5_000
const MANY = 30

let app: TestApp

beforeAll(async () => {
  app = await startTestApp({ timings: IDLE_WORKERS })
})
afterAll(() => app[Symbol.asyncDispose]())

type Watching = (subscribe: (link: SeededLink, ofSpace: boolean) => Promise<void>) => Promise<void>

/** The statements from one look until its changes have been told to every subscriber. */
async function costOfALook(watch: Watching): Promise<number> {
  const subscriptions: TestSubscription[] = []
  const backfillIds = new Set<string>()
  await watch(async ({ owner, space, backfillId }, ofSpace) => {
    const subscription = ofSpace
      ? owner.subscribe('SpaceBackfillProgress', { spaceId: space.id })
      : owner.subscribe('BackfillProgress', { backfillId })
    expect((await subscription.next())?.errors).toBeUndefined()
    subscriptions.push(subscription)
    backfillIds.add(backfillId)
  })
  using clock = new StoppedClock()
  await app.pool.query(
    'update backfill set sequence = sequence + 1, updated_at = clock_timestamp() where id = any($1)',
    [[...backfillIds]],
  )
  const count = await countStatements(async () => {
    clock.pass(A_LOOK_MS)
    for (const subscription of subscriptions) await subscription.next()
  })
  await Promise.all(subscriptions.map((each) => each.stop()))
  return count
}

function times(count: number, work: (number: number) => Promise<void>): Promise<void> {
  return Array.from({ length: count }, (_, number) => number).reduce(
    (before, number) => before.then(() => work(number)),
    Promise.resolve(),
  )
}

/** Someone else who may watch what the link's owner may. */
async function another(link: SeededLink): Promise<SeededLink> {
  return { ...link, owner: await app.seed.member(link.organization, 'ADMIN') }
}

test('a look costs as much for one subscriber as for many, of one user or of many users', async () => {
  const link = await app.seed.spaceWithThread()

  for (const ofSpace of [false, true]) {
    const one = await costOfALook((subscribe) => subscribe(link, ofSpace))
    const same = await costOfALook((subscribe) => times(MANY, () => subscribe(link, ofSpace)))
    const users = await costOfALook((subscribe) =>
      times(MANY, async () => subscribe(await another(link), ofSpace)),
    )
    expect([one, same, users]).toEqual([one, one, one])
    expect(one).toBeLessThanOrEqual(ofSpace ? 3 : 2)
  }
})

test('a look costs as much for one topic as for many', async () => {
  const few = await costOfALook(async (subscribe) => {
    const link = await app.seed.spaceWithThread()
    await subscribe(link, false)
    await subscribe(link, true)
  })
  const many = await costOfALook((subscribe) =>
    times(5, async () => {
      const link = await app.seed.spaceWithThread()
      await subscribe(link, false)
      await subscribe(link, true)
    }),
  )
  expect(many).toBe(few)
})
