import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../../support/app.js'
import { openTestDatabase, type TestDatabase } from '../../support/database.js'
import { eventually } from '../../support/eventually.js'
import { expectSoundRest, waitForRest } from '../../support/rest.js'
import { tally } from '../../support/tally.js'
import { WriteLog } from '../../support/write.log.js'

// It is renewed each third of this, so that a busy machine may be late.
const LEASE_MS = 5_000

let database: TestDatabase
let log: WriteLog
let nodes: TestApp[]

beforeAll(async () => {
  database = await openTestDatabase()
  log = await WriteLog.open(database.pool)
})
beforeEach(() => {
  nodes = []
})
afterEach(async () => {
  for (const node of nodes) node.embedder.resume()
  await expectSoundRest(database.pool)
  for (const node of nodes) await node[Symbol.asyncDispose]()
})
afterAll(() => database.close())

/** One of several processes that share a database: each answers and each embeds. */
async function startNode(leaseMs?: number): Promise<TestApp> {
  const timings = { backfill: { pollMs: 25, retryMs: 20, parallel: 2, ...(leaseMs && { leaseMs }) } }
  const node = await startTestApp({ database, timings })
  nodes.push(node)
  return node
}

const texts = (name: string, count: number) => Array.from({ length: count }, (_, index) => `${name} ${index}`)

/** The messages of these threads, one for each vector that was written. */
async function writtenOf(...threads: { messageIds: string[] }[]): Promise<string[]> {
  const ids = new Set(threads.flatMap(({ messageIds }) => messageIds))
  return (await log.vectors()).filter((id) => ids.has(id))
}

async function readLease(threadId: string) {
  const { rows } = await database.pool.query(
    'select lease_id as id, lease_expires_at as "expiresAt", now() as now from store_thread where thread_id = $1',
    [threadId],
  )
  return rows[0] as { id: string | null; expiresAt: Date | null; now: Date }
}

/** Gives the link to a node that is gone, for as long as its lease lasts. */
async function giveLeaseAway(threadId: string, milliseconds: number): Promise<Date> {
  const { rows } = await database.pool.query(
    `update store_thread set lease_id = 'lease_of_another',
       lease_expires_at = clock_timestamp() + $2::int * interval '1 millisecond'
     where thread_id = $1 returning lease_expires_at as "expiresAt"`,
    [threadId, milliseconds],
  )
  return rows[0].expiresAt
}

test('two nodes share many threads: each message is embedded once', async () => {
  const [first, second] = [await startNode(), await startNode()]
  first.embedder.pause()
  second.embedder.pause()
  const organization = await first.seed.organization()
  const space = await first.seed.space(organization)
  const threads = await Promise.all(
    texts('shared', 12).map((name) => first.seed.thread({ organization, messages: texts(name, 20) })),
  )
  const backfillIds = await Promise.all(threads.map((thread) => first.seed.link(space, thread)))
  await eventually(() => expect(second.embedder.inFlight).toBeGreaterThan(0))
  await eventually(() => expect(first.embedder.inFlight).toBeGreaterThan(0))

  first.embedder.resume()
  second.embedder.resume()

  await waitForRest(database.pool)
  for (const id of backfillIds) {
    const { backfill } = await organization.owner.must('Backfill', { id })
    expect(backfill).toMatchObject({ status: 'COMPLETED', total: 20, embedded: 20 })
  }
  expect(tally([...first.embedder.calls, ...second.embedder.calls].flat())).toEqual(
    tally(texts('shared', 12).flatMap((name) => texts(name, 20))),
  )
  expect(tally(await writtenOf(...threads))).toEqual(tally(threads.flatMap(({ messageIds }) => messageIds)))
  expect((await organization.owner.must('Space', { id: space.id })).space.vectorCount).toBe(240)
})

test('a node that stops in the middle hands over at once: the other finishes, and nothing is written twice', async () => {
  const first = await startNode()
  first.embedder.delay(20)
  const { owner, thread, backfillId } = await first.seed.spaceWithThread({
    messages: texts('handed over', 80),
  })
  await eventually(async () =>
    expect((await owner.must('Backfill', { id: backfillId })).backfill.processed).toBeGreaterThan(0),
  )

  await first.stop()
  const second = await startNode()

  const again = await second.as(owner.userId ?? '')
  expect(await second.seed.embedded(again, backfillId)).toMatchObject({ status: 'COMPLETED', embedded: 80 })
  expect(tally(await writtenOf(thread))).toEqual(tally(thread.messageIds))
  const throughs = await log.throughs(thread.id)
  expect(throughs).toEqual(throughs.toSorted((left, right) => left - right))
})

test('what a node held that died is taken over when its lease ends, and not before', async () => {
  const first = await startNode()
  first.embedder.pause()
  const { owner, thread, backfillId } = await first.seed.spaceWithThread({
    messages: texts('taken over', 20),
  })
  await eventually(() => expect(first.embedder.inFlight).toBeGreaterThan(0))
  await first.stop()
  const expiresAt = await giveLeaseAway(thread.id, 600)

  const second = await startNode()
  await eventually(() => expect(second.embedder.calls).not.toEqual([]))

  const { id, now } = await readLease(thread.id)
  expect(id).not.toBe('lease_of_another')
  expect(now.getTime()).toBeGreaterThanOrEqual(expiresAt.getTime())
  const again = await second.as(owner.userId ?? '')
  expect(await second.seed.embedded(again, backfillId)).toMatchObject({ status: 'COMPLETED', embedded: 20 })
  expect(tally(await writtenOf(thread))).toEqual(tally(thread.messageIds))
})

test('a node that has lost its lease writes nothing of what it still gets', async () => {
  const first = await startNode()
  first.embedder.pause()
  const { owner, thread, backfillId } = await first.seed.spaceWithThread({ messages: texts('fenced', 20) })
  await eventually(() => expect(first.embedder.inFlight).toBe(first.embedder.concurrency))
  await giveLeaseAway(thread.id, 3_600_000)

  first.embedder.resume()
  await eventually(() => expect(first.embedder.inFlight).toBe(0))
  // It ends what it has begun before it has stopped.
  await first.stop()

  expect(await writtenOf(thread)).toEqual([])
  expect(await log.throughs(thread.id)).toEqual([])
  expect((await readLease(thread.id)).id).toBe('lease_of_another')
  await giveLeaseAway(thread.id, 0)
  const second = await startNode()
  const again = await second.as(owner.userId ?? '')
  expect(await second.seed.embedded(again, backfillId)).toMatchObject({ status: 'COMPLETED', embedded: 20 })
  expect(tally(await writtenOf(thread))).toEqual(tally(thread.messageIds))
})

test('a node notices by itself that its lease is lost, and gives up its calls', async () => {
  const first = await startNode(600)
  first.embedder.pause()
  const { owner, thread, backfillId } = await first.seed.spaceWithThread({ messages: texts('noticed', 20) })
  await eventually(() => expect(first.embedder.inFlight).toBe(first.embedder.concurrency))

  await giveLeaseAway(thread.id, 3_600_000)

  await eventually(() => expect(first.embedder.inFlight).toBe(0))
  first.embedder.resume()
  await giveLeaseAway(thread.id, 0)
  expect(await first.seed.embedded(owner, backfillId)).toMatchObject({ status: 'COMPLETED', embedded: 20 })
  expect(tally(await writtenOf(thread))).toEqual(tally(thread.messageIds))
})

test('a call that takes longer than the lease keeps it: no other node takes the thread meanwhile', async () => {
  const first = await startNode(LEASE_MS)
  first.embedder.pause()
  const { owner, thread, backfillId } = await first.seed.spaceWithThread({ messages: texts('renewed', 20) })
  await eventually(() => expect(first.embedder.inFlight).toBe(first.embedder.concurrency))
  const taken = await readLease(thread.id)
  const second = await startNode(LEASE_MS)

  await eventually(async () => {
    const { now } = await readLease(thread.id)
    expect(now.getTime()).toBeGreaterThan((taken.expiresAt?.getTime() ?? Number.NaN) + 300)
  })

  expect((await readLease(thread.id)).id).toBe(taken.id)
  expect(second.embedder.calls).toEqual([])
  first.embedder.resume()
  expect(await first.seed.embedded(owner, backfillId)).toMatchObject({ status: 'COMPLETED', embedded: 20 })
  expect(tally(first.embedder.calls.flat())).toEqual(tally(texts('renewed', 20)))
})
