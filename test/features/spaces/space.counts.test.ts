import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../../support/app.js'
import type { Json, TestClient } from '../../support/client.js'
import { expectSoundRest, waitForRest } from '../../support/rest.js'
import type { Seeded, SeededThread } from '../../support/seed.js'

let app: TestApp

beforeAll(async () => {
  app = await startTestApp()
})
afterEach(() => expectSoundRest(app.pool))
afterAll(() => app[Symbol.asyncDispose]())

const COUNTS = 'id threadCount vectorCount'
const SPACES = `query ($id: ID!, $first: Int) { spaces(organizationId: $id, first: $first) { edges { node { ${COUNTS} } } } }`
const OF_THREAD = `query ($id: ID!, $first: Int) { thread(id: $id) { spaces(first: $first) { edges { node { ${COUNTS} } } } } }`
const THREADS = `query ($id: ID!, $first: Int, $after: String) {
  space(id: $id) { threads(first: $first, after: $after) { edges { node { id } } pageInfo { hasNextPage endCursor } } } }`

/** Counts what is in a space by walking through it: threads by the list, vectors by the store. */
async function recount(client: TestClient, id: string) {
  let after: string | null = null
  const threads: string[] = []
  for (;;) {
    const { edges, pageInfo }: Json = (await client.must(THREADS, { id, first: 3, after })).space.threads
    threads.push(...edges.map(({ node }: Json) => node.id))
    if (!pageInfo.hasNextPage) break
    after = pageInfo.endCursor
  }
  const { rows } = await app.pool.query(
    `select count(*)::int as count from embedding e join thread t on t.id = e.thread_id and t.deleted_at is null
     where e.store_id = (select id from embedding_store where space_id = $1 and state = 'ACTIVE')`,
    [id],
  )
  return { threadCount: new Set(threads).size, vectorCount: rows[0].count }
}

async function expectRecount({ id, owner }: Seeded, thread: SeededThread): Promise<void> {
  await waitForRest(app.pool)
  const lists: Json[] = [
    (await owner.must(SPACES, { id, first: 100 })).spaces,
    (await owner.must(OF_THREAD, { id: thread.id, first: 100 })).thread.spaces,
  ]
  for (const { edges } of lists) {
    expect(edges.length).toBeGreaterThan(0)
    for (const { node } of edges) {
      expect(node).toMatchObject(await recount(owner, node.id))
    }
  }
}

test('whatever comes and goes, each list counts what a walk through it counts', async () => {
  const organization = await app.seed.organization()
  const { owner } = organization
  const spaces = [await app.seed.space(organization), await app.seed.space(organization)] as const
  const threads: SeededThread[] = []
  for (let index = 0; index < 5; index++) {
    threads.push(await app.seed.thread({ organization, messages: index + 1 }))
  }
  const [kept, removed, hidden, purged, late] = threads as [
    SeededThread,
    SeededThread,
    SeededThread,
    SeededThread,
    SeededThread,
  ]
  for (const space of spaces) {
    for (const thread of [kept, removed, hidden, purged]) await app.seed.link(space, thread)
  }
  await expectRecount(organization, kept)

  await Promise.all([
    owner.must('RemoveThreadFromSpace', { spaceId: spaces[0].id, threadId: removed.id }),
    owner.must('DeleteThread', { threadId: hidden.id, mode: 'SOFT' }),
    owner.must('DeleteThread', { threadId: purged.id }),
    app.seed.messages(kept, 4),
    app.seed.link(spaces[1], late),
  ])
  await expectRecount(organization, kept)
  const [first, second] = await Promise.all(spaces.map(({ id }) => recount(owner, id)))
  expect(first).toEqual({ threadCount: 1, vectorCount: 5 })
  expect(second).toEqual({ threadCount: 3, vectorCount: 5 + 2 + 5 })

  await Promise.all([
    owner.must('RestoreThread', { threadId: hidden.id }),
    app.seed.link(spaces[0], removed),
    owner.must('RemoveThreadFromSpace', { spaceId: spaces[1].id, threadId: late.id }),
  ])
  await expectRecount(organization, kept)
  expect(await recount(owner, spaces[0].id)).toEqual({ threadCount: 3, vectorCount: 5 + 2 + 3 })
})
