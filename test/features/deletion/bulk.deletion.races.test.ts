import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../../support/app.js'
import type { Reply, TestClient } from '../../support/client.js'
import { eventually } from '../../support/eventually.js'
import { expectSoundRest } from '../../support/rest.js'
import type { Seeded, SeededThread } from '../../support/seed.js'
import { codeOf, countsOf, listed, rowsOf, times, usageOf } from './deletion.fixture.js'

const THREADS = 10
const NOT_FOUND = { code: 'RESOURCE_NOT_FOUND', systemMessage: 'Thread not found' }
let app: TestApp

beforeAll(async () => {
  app = await startTestApp()
})
afterAll(() => app[Symbol.asyncDispose]())
afterEach(async () => {
  app.embedder.resume()
  await expectSoundRest(app.pool)
})

async function seedThreads(messages = 2) {
  const organization = await app.seed.organization()
  const threads = await times(THREADS, () => app.seed.thread({ organization, messages }))
  return { organization, owner: organization.owner, threads }
}

function embed(space: Seeded, threads: readonly SeededThread[]): Promise<unknown> {
  return Promise.all(
    threads.map(async (thread) => app.seed.embedded(space.owner, await app.seed.link(space, thread))),
  )
}

async function deleteAll(client: TestClient): Promise<number> {
  return (await client.must('DeleteAllThreads')).deleteAllThreads.deleted
}

/** A deletion of all threads, and something with each of them at once, which may find nothing. */
async function race(
  owner: TestClient,
  threads: readonly SeededThread[],
  other: (thread: SeededThread) => Promise<Reply>,
) {
  const [first, second] = [threads.slice(0, THREADS / 2), threads.slice(THREADS / 2)]
  const [before, deleted, after] = await Promise.all([
    Promise.all(first.map(other)),
    deleteAll(owner),
    Promise.all(second.map(other)),
  ])
  const replies = [...before, ...after]
  for (const reply of replies) if (codeOf(reply)) expect(reply).toFailWith(NOT_FOUND)
  return { deleted, replies, successes: replies.filter((reply) => codeOf(reply) === null).length }
}

test('the counts of two deletions at once add up', async () => {
  const { organization, owner } = await seedThreads()

  const counts = await times(4, () => deleteAll(owner))

  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(THREADS)
  expect(await usageOf(owner, organization.id)).toEqual({ threads: 0, projects: 0, messages: 0 })
})

test('a thread made meanwhile is deleted and counted, or lives', async () => {
  const { organization, owner } = await seedThreads()
  const input = { organizationId: organization.id }

  const [deleted] = await Promise.all([
    deleteAll(owner),
    times(THREADS, () => owner.must('CreateThread', { input })),
  ])

  const { totalCount } = await listed(owner)
  expect(deleted + totalCount).toBe(THREADS * 2)
  expect(await usageOf(owner, organization.id)).toEqual({ threads: totalCount, projects: 0, messages: 0 })
})

test.each(['PERMANENT', 'SOFT'])('a thread deleted by itself meanwhile is not counted: %s', async (mode) => {
  const { owner, threads } = await seedThreads()

  const { deleted, successes } = await race(owner, threads, ({ id }) =>
    owner.run('DeleteThread', { threadId: id, mode }),
  )

  expect(deleted + successes).toBe(THREADS)
  expect(await listed(owner)).toEqual({ ids: [], totalCount: 0 })
})

test('a message appended meanwhile is hidden with its thread, or refused', async () => {
  const { organization, owner, threads } = await seedThreads()

  const { deleted, successes } = await race(owner, threads, ({ id }) =>
    owner.run('AppendMessages', { threadId: id, messages: [{ role: 'USER', content: 'late' }] }),
  )

  expect(deleted).toBe(THREADS)
  expect(await usageOf(owner, organization.id)).toEqual({ threads: 0, projects: 0, messages: 0 })
  const rows = await Promise.all(threads.map(({ id }) => rowsOf(app.pool, id)))
  expect(rows.reduce((sum, { messages }) => sum + (messages ?? 0), 0)).toBe(THREADS * 2 + successes)
})

test('a thread added to a space meanwhile is not seen there', async () => {
  const { organization, owner, threads } = await seedThreads()
  const space = await app.seed.space(organization)

  const { deleted, replies } = await race(owner, threads, ({ id }) =>
    owner.run('AddThreadToSpace', { spaceId: space.id, threadId: id }),
  )

  expect(deleted).toBe(THREADS)
  for (const { data } of replies.filter((reply) => codeOf(reply) === null)) {
    const { status } = await app.seed.embedded(owner, data.addThreadToSpace.backfill.id)
    expect(['CANCELED', 'COMPLETED']).toContain(status)
  }
  expect(await countsOf(owner, space.id)).toEqual({ threadCount: 0, vectorCount: 0, listed: [] })
})

test('a thread removed from a space meanwhile leaves its counts once', async () => {
  const { organization, owner, threads } = await seedThreads()
  const space = await app.seed.space(organization)
  await embed(space, threads)

  const { deleted } = await race(owner, threads, ({ id }) =>
    owner.run('RemoveThreadFromSpace', { spaceId: space.id, threadId: id }),
  )

  expect(deleted).toBe(THREADS)
  expect(await countsOf(owner, space.id)).toEqual({ threadCount: 0, vectorCount: 0, listed: [] })
})

test('a space deleted meanwhile leaves nothing behind', async () => {
  const { organization, owner, threads } = await seedThreads()
  const space = await app.seed.space(organization)
  await embed(space, threads)

  const [deleted, { deleteSpace }] = await Promise.all([
    deleteAll(owner),
    owner.must('DeleteSpace', { spaceId: space.id }),
  ])

  expect(deleted).toBe(THREADS)
  expect(deleteSpace).toMatchObject({ removedThreadCount: THREADS, removedVectorCount: THREADS * 2 })
})

test('deletions and undos at once end with every thread in one place', async () => {
  const { organization, owner } = await seedThreads()
  const { deleteAllThreads } = await owner.must('DeleteAllThreads')
  const { batchId } = deleteAllThreads

  const replies = await times(8, (index) =>
    index % 2 ? owner.run('DeleteAllThreads') : owner.run('RestoreThreads', { batchId }),
  )

  for (const reply of replies) expect(codeOf(reply)).toBeNull()
  const { totalCount } = await listed(owner)
  const { totalCount: all } = await listed(owner, { includeDeleted: true })
  expect(all).toBe(THREADS)
  expect([0, THREADS]).toContain(totalCount)
  expect(await usageOf(owner, organization.id)).toMatchObject({
    threads: totalCount,
    messages: totalCount * 2,
  })
})

test('backfills at work end, and nothing of them is written later', async () => {
  const { organization, owner, threads } = await seedThreads(20)
  const space = await app.seed.space(organization)
  app.embedder.pause()
  const backfillIds = await Promise.all(threads.map((thread) => app.seed.link(space, thread)))
  await eventually(() => expect(app.embedder.inFlight).toBeGreaterThan(0))

  expect(await deleteAll(owner)).toBe(THREADS)

  const ends = await Promise.all(backfillIds.map((id) => app.seed.embedded(owner, id)))
  for (const end of ends) expect(end).toMatchObject({ status: 'CANCELED', processed: 0 })
  app.embedder.resume()
  await eventually(() => expect(app.embedder.inFlight).toBe(0))
  const later = await app.seed.thread({ organization, messages: 20 })
  await app.seed.embedded(owner, await app.seed.link(space, later))
  for (const { id } of threads) expect(await rowsOf(app.pool, id)).toMatchObject({ vectors: 0, backfills: 0 })
  expect(await countsOf(owner, space.id)).toEqual({ threadCount: 1, vectorCount: 20, listed: [later.id] })
})

test('threads deleted while workers write into their space leave it with exact counts', async () => {
  const { organization, owner, threads } = await seedThreads(30)
  const space = await app.seed.space(organization)
  const member = await app.seed.member(organization)
  const theirs = await app.seed.thread({ organization, owner: member, messages: 30 })
  const backfillIds = await Promise.all(
    [...threads, theirs].map((thread) => app.seed.link(space, { ...thread, owner })),
  )

  await deleteAll(owner)

  await Promise.all(backfillIds.map((id) => app.seed.embedded(owner, id)))
  expect(await countsOf(owner, space.id)).toEqual({ threadCount: 1, vectorCount: 30, listed: [theirs.id] })
})
