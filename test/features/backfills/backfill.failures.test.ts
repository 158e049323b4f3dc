import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../../support/app.js'
import type { TestClient } from '../../support/client.js'
import { expectSoundRest } from '../../support/rest.js'

let app: TestApp

beforeAll(async () => {
  app = await startTestApp()
})
afterEach(async () => {
  await expectSoundRest(app.pool)
  app.embedder.refuse(() => false)
})
afterAll(() => app[Symbol.asyncDispose]())

const FAILURES = `query ($id: ID!, $first: Int, $after: String) {
  backfillFailures(backfillId: $id, first: $first, after: $after) {
    edges { node { messageId sequence error attempts failedAt } }
    pageInfo { hasNextPage endCursor }
  }
}`

/** A thread of ten messages, of which the embedder has refused every second one. */
async function halfRefused() {
  app.embedder.refuse((text) => text.startsWith('bad'))
  const messages = Array.from({ length: 10 }, (_, index) => (index % 2 ? `bad ${index}` : `good ${index}`))
  const link = await app.seed.spaceWithThread({ messages })
  await app.seed.embedded(link.owner, link.backfillId)
  return { ...link, refusedIds: link.thread.messageIds.filter((_, index) => index % 2 === 1) }
}

async function list(owner: TestClient, id: string, page: { first?: number; after?: string } = {}) {
  const { backfillFailures } = await owner.must(FAILURES, { id, ...page })
  return {
    nodes: backfillFailures.edges.map(({ node }: { node: unknown }) => node),
    ids: backfillFailures.edges.map(({ node }: { node: { messageId: string } }) => node.messageId),
    ...backfillFailures.pageInfo,
  }
}

test('the messages that were refused are listed in their order, page by page, each with its reason', async () => {
  const startedAt = Date.now()
  const { owner, backfillId, refusedIds } = await halfRefused()

  const first = await list(owner, backfillId, { first: 3 })
  const second = await list(owner, backfillId, { first: 3, after: first.endCursor })

  expect([...first.ids, ...second.ids]).toEqual(refusedIds)
  expect([first.hasNextPage, second.hasNextPage]).toEqual([true, false])
  expect(first.nodes[0]).toMatchObject({
    sequence: 2,
    attempts: 1,
    error: 'The embedding endpoint refused the input (400).',
  })
  expect(Date.parse(first.nodes[0].failedAt)).toBeGreaterThan(startedAt - 60_000)
})

test('what is refused again has one attempt more, and what a retry has embedded is listed no more', async () => {
  const { owner, backfillId, refusedIds } = await halfRefused()
  app.embedder.refuse((text) => text === 'bad 3')

  const { retryBackfill } = await owner.must('RetryBackfill', { backfillId })
  const retryId = retryBackfill.backfill.id
  await app.seed.embedded(owner, retryId)

  for (const id of [backfillId, retryId]) {
    const { nodes } = await list(owner, id)
    expect(nodes).toEqual([expect.objectContaining({ messageId: refusedIds[1], attempts: 2 })])
  }
})

test('who may see the space sees its failures, and nobody else', async () => {
  const { space, backfillId, refusedIds, owner } = await halfRefused()
  const viewer = await app.seed.grant(space, 'VIEWER')
  const stranger = await app.seed.user()
  const expected = { code: 'RESOURCE_NOT_FOUND', status: 404, systemMessage: 'Backfill not found' }

  expect((await list(viewer, backfillId)).ids).toEqual(refusedIds)
  expect(await stranger.run(FAILURES, { id: backfillId })).toFailWith(expected)
  expect(await owner.run(FAILURES, { id: 'bkfl_none' })).toFailWith(expected)
  expect(await owner.run(FAILURES, { id: backfillId, first: 0 })).toFailWith({
    code: 'VALIDATION_ERROR',
    status: 422,
  })
})

test('with the thread its failures leave the space', async () => {
  const { owner, space, thread, backfillId } = await halfRefused()

  await owner.must('RemoveThreadFromSpace', { spaceId: space.id, threadId: thread.id })

  expect((await list(owner, backfillId)).ids).toEqual([])
})
