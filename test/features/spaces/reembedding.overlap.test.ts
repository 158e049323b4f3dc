import type { PoolClient } from 'pg'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { TestApp } from '../../support/app.js'
import { testServerUrl } from '../../support/database.js'
import { eventually } from '../../support/eventually.js'
import type { FakeEmbedder } from '../../support/fake.embedder.js'
import { expectSoundRest } from '../../support/rest.js'
import {
  asked,
  embeddedSpace,
  ended,
  foundIn,
  NEXT,
  reembed,
  startTwoModels,
  texts,
} from './reembedding.fixture.js'

/** A worker claims a link in the very moment in which its space changes its store. */

let app: TestApp
let next: FakeEmbedder
let holder: PoolClient

/**
 * A claim that sees work waits before it takes any, for as long as the lock is held: what it has seen of spaces is old
 * by then. A stable function sees what the statement sees.
 */
const GATE = `
  create function wait_at_gate() returns trigger stable language plpgsql as $$ begin
    if current_query() like '%skip locked%' and exists (select 1 from store_thread where next_attempt_at <= now()) then
      perform pg_advisory_xact_lock_shared(hashtext('gate'));
    end if;
    return null;
  end $$;
  create trigger wait_at_gate before update on store_thread for each statement execute function wait_at_gate()`
const CLOSE = "select pg_advisory_lock(hashtext('gate'))"
const OPEN = "select pg_advisory_unlock(hashtext('gate'))"
const AT_GATE = `select from pg_locks where locktype = 'advisory' and mode = 'ShareLock' and not granted
  and database = (select oid from pg_database where datname = current_database())`

describe.runIf(testServerUrl())('on a server', () => {
  beforeAll(async () => {
    ;({ app, next } = await startTwoModels())
    await app.pool.query(GATE)
    holder = await app.pool.connect()
  })
  afterEach(() => expectSoundRest(app.pool))
  afterAll(async () => {
    holder.release()
    await app[Symbol.asyncDispose]()
  })

  test('a link that is claimed while its space changes its store is embedded into the new one', async () => {
    const { owner, space, thread } = await embeddedSpace(app)
    next.pause()
    const { id } = await reembed(space)
    await asked(next)
    // The new memory becomes whole, and cannot take its place yet.
    await holder.query('begin')
    await holder.query('select from space where id = $1 for key share', [space.id])
    next.resume()
    await eventually(async () => expect(await isWhole(id)).toBe(true))
    await holder.query(CLOSE)
    await app.seed.messages(thread, ['appended'])
    await eventually(async () => expect((await holder.query(AT_GATE)).rows).not.toEqual([]))

    await holder.query('commit')
    expect(await ended(owner, id)).toMatchObject({ status: 'COMPLETED', model: NEXT.model })
    await holder.query(OPEN)

    await expectSoundRest(app.pool)
    expect(await foundIn(space, 'appended')).toEqual(new Set([...texts('memory', 12), 'appended']))
  })
})

async function isWhole(id: string): Promise<boolean> {
  const { rows } = await app.pool.query(
    `select from reembedding r join backfill b on b.store_id = r.store_id
     where r.id = $1 and b.status in ('QUEUED', 'RUNNING')`,
    [id],
  )
  return rows.length === 0
}
