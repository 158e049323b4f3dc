import type { PoolClient } from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { TestApp } from '../../support/app.js'
import { testServerUrl } from '../../support/database.js'
import { CANCEL_REEMBEDDING } from '../../support/documents.js'
import { eventually } from '../../support/eventually.js'
import type { FakeEmbedder } from '../../support/fake.embedder.js'
import { expectSoundRest } from '../../support/rest.js'
import type { SeededLink } from '../../support/seed.js'
import { asked, embeddedSpace, reembed, startTwoModels } from './reembedding.fixture.js'

/**
 * Two transactions that take locks in the one order never wait for each other. The test holds one lock, and what waits
 * for it must not hold any that comes after.
 */

let app: TestApp
let next: FakeEmbedder
let holder: PoolClient
let link: SeededLink
let reembeddingId: string
let storeId: string

const WAITING = `select from pg_stat_activity
  where datname = current_database() and wait_event_type = 'Lock' and $1::int = any(pg_blocking_pids(pid))`

/** Resolves once a transaction waits for the holder. */
async function waitingForHolder(): Promise<void> {
  const { rows } = await holder.query('select pg_backend_pid() as pid')
  await eventually(async () => expect((await app.pool.query(WAITING, [rows[0].pid])).rows).not.toEqual([]))
}

describe.runIf(testServerUrl())('on a server', () => {
  beforeAll(async () => {
    ;({ app, next } = await startTwoModels())
  })
  beforeEach(async () => {
    link = await embeddedSpace(app)
    next.pause()
    reembeddingId = (await reembed(link.space)).id
    await asked(next)
    const { rows } = await app.pool.query('select store_id as id from reembedding where id = $1', [
      reembeddingId,
    ])
    storeId = rows[0].id
    holder = await app.pool.connect()
    await holder.query('begin')
  })
  afterEach(async () => {
    holder.release()
    next.resume()
    await expectSoundRest(app.pool)
  })
  afterAll(() => app[Symbol.asyncDispose]())

  test('a thread leaves a space and the memory that is built for it by both stores before either count', async () => {
    const { owner, space, thread } = link
    await holder.query('select from store_thread where store_id = $1 and thread_id = $2 for update', [
      storeId,
      thread.id,
    ])
    const removed = owner.must('RemoveThreadFromSpace', { spaceId: space.id, threadId: thread.id })
    await waitingForHolder()

    await holder.query('select from embedding_store where space_id = $1 for no key update nowait', [space.id])
    await holder.query('select from backfill where space_id = $1 for update nowait', [space.id])

    await holder.query('commit')
    expect((await removed).removeThreadFromSpace).toMatchObject({ removedVectorCount: 12 })
  })

  test('a cancellation waits for who writes into the new memory before it takes any of its backfills', async () => {
    await holder.query('select from embedding_store where id = $1 for key share', [storeId])
    const canceled = link.owner.must(CANCEL_REEMBEDDING, { reembeddingId })
    await waitingForHolder()

    await holder.query('select from backfill where store_id = $1 for update nowait', [storeId])

    await holder.query('commit')
    expect((await canceled).cancelReembedding.reembedding).toMatchObject({ status: 'CANCELED' })
  })
})
