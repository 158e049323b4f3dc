import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../../support/app.js'
import { eventually } from '../../support/eventually.js'
import { expectSoundRest } from '../../support/rest.js'

/** A thread with more vectors than go in one transaction leaves a space. */

const MANY = 25_000
const AT_ONCE = 10_000

let app: TestApp

beforeAll(async () => {
  app = await startTestApp({ timings: { purge: { pollMs: 50 } } })
  await app.pool.query(`
    create table removed_vectors (count int);
    create function count_removed_vectors() returns trigger language plpgsql as $$
    begin insert into removed_vectors select count(*) from gone; return null; end $$;
    create trigger counts_removed after delete on embedding referencing old table as gone
      for each statement execute function count_removed_vectors();`)
})
afterEach(() => expectSoundRest(app.pool))
afterAll(() => app[Symbol.asyncDispose]())

/** As if one of its messages were very long. */
async function longThread() {
  const link = await app.seed.spaceWithThread({ messages: ['the topic', 'another'] })
  await app.seed.embedded(link.owner, link.backfillId)
  await app.pool.query(
    `insert into embedding (store_id, message_id, chunk, thread_id, generation, model, role, message_created_at, vector)
     select e.store_id, e.message_id, n, e.thread_id, e.generation, e.model, e.role, e.message_created_at, e.vector
     from (select * from embedding where thread_id = $1 order by message_id limit 1) e, generate_series(1, $2::int) n`,
    [link.thread.id, MANY],
  )
  await app.pool.query('update store_thread set vector_count = vector_count + $2::int where thread_id = $1', [
    link.thread.id,
    MANY,
  ])
  await app.pool.query(
    'update embedding_store set vector_count = vector_count + $2::int where space_id = $1',
    [link.space.id, MANY],
  )
  return { ...link, ids: { spaceId: link.space.id, threadId: link.thread.id } }
}

const SEARCH = `query ($spaceId: ID!) { searchSpace(spaceId: $spaceId, query: "topic", mode: SEMANTIC) {
  edges { node { content } } } }`

test('it is gone for searches and counts at once, and its vectors go in bounded steps', async () => {
  const { owner, ids } = await longThread()

  const { removeThreadFromSpace } = await owner.must('RemoveThreadFromSpace', ids)
  const { searchSpace } = await owner.must(SEARCH, { spaceId: ids.spaceId })

  expect(removeThreadFromSpace).toMatchObject({
    removedVectorCount: MANY + 2,
    space: { threadCount: 0, vectorCount: 0 },
  })
  expect(searchSpace.edges).toEqual([])
  await eventually(async () => {
    const { rows } = await app.pool.query('select from embedding where thread_id = $1', [ids.threadId])
    expect(rows).toEqual([])
  })
  const { rows } = await app.pool.query('select max(count)::int as most from removed_vectors')
  expect(rows[0].most).toBe(AT_ONCE)
})

test('it is added again at once, and embedded as the new link alone', async () => {
  const { owner, ids } = await longThread()

  await owner.must('RemoveThreadFromSpace', ids)
  const { addThreadToSpace } = await owner.must('AddThreadToSpace', ids)
  await app.seed.embedded(owner, addThreadToSpace.backfill.id)

  await expectSoundRest(app.pool)
  const { searchSpace } = await owner.must(SEARCH, { spaceId: ids.spaceId })
  expect(searchSpace.edges).toHaveLength(2)
  const { space } = await owner.must('Space', { id: ids.spaceId })
  expect(space).toMatchObject({ threadCount: 1, vectorCount: 2 })
})

test('it is deleted for good while its vectors are still to go, and all of them are gone', async () => {
  const { owner, ids } = await longThread()

  await owner.must('RemoveThreadFromSpace', ids)
  await owner.must('DeleteThread', { threadId: ids.threadId })

  await eventually(async () => {
    const { rows } = await app.pool.query('select from embedding where thread_id = $1', [ids.threadId])
    expect(rows).toEqual([])
  })
})
