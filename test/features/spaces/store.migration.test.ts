import { cp, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Pool } from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { migrate, migrationsDirectory } from '../../../src/platform/database/migrate.js'
import { openTestDatabase, type TestDatabase } from '../../support/database.js'
import { expectInvariants } from '../../support/invariants.js'

/** A database that an older version has filled: its memory stands in spaces, and what is built anew in hidden ones. */

const MIGRATION = '20261122000000_embedding_stores'

/**
 * Two threads of two messages each, in two spaces. The first space is half re-embedded in the hidden `shadow_1`. The second
 * has been re-embedded: its store is `shadow_2`, and the hidden space of that name is left with the old store, `space_2`.
 */
const OLD_DATA = `
  insert into organization (id, name) values ('org_1', 'One');
  insert into usage (organization_id, threads, messages) values ('org_1', 2, 4);
  insert into "user" (id) values ('user_1');
  insert into member (organization_id, user_id, role) values ('org_1', 'user_1', 'OWNER');
  insert into thread (id, owner_id, organization_id, message_count, last_sequence, last_message_id, last_message_at)
    select 'thrd_' || n, 'user_1', 'org_1', 2, 2, 'msg_' || n || '_2', '2026-01-01' from generate_series(1, 2) n;
  insert into message (id, thread_id, sequence, role, content, content_hash, created_at)
    select 'msg_' || n || '_' || s, 'thrd_' || n, s, 'USER', 'text', sha256('text'), '2026-01-01'
    from generate_series(1, 2) n, generate_series(1, 2) s;
  insert into space (id, store_id, shadow_of, organization_id, creator_id, name, embedding_model, embedding_dimensions,
      thread_count, vector_count, deleted_at)
    values ('space_1', 'space_1', null, 'org_1', 'user_1', 'First', 'old', 2, 2, 4, null),
      ('shadow_1', 'shadow_1', 'space_1', 'org_1', 'user_1', 'First', 'new', 3, 2, 1, null),
      ('space_2', 'shadow_2', null, 'org_1', 'user_1', 'Second', 'new', 3, 1, 0, null),
      ('shadow_2', 'space_2', 'space_2', 'org_1', 'user_1', 'Second', 'old', 2, 0, 0, now()),
      ('space_3', 'space_3', null, 'org_1', 'user_1', 'Deleted', 'old', 2, 0, 0, now());
  insert into space_thread (space_id, thread_id, generation, added_by_id, embedded_through, vector_count, paused_at,
      next_attempt_at, lease_id, lease_expires_at)
    values ('space_1', 'thrd_1', 1, 'user_1', 2, 2, null, null, null, null),
      ('space_1', 'thrd_2', 2, 'user_1', 2, 2, null, null, null, null),
      ('shadow_1', 'thrd_1', 3, 'user_1', 1, 1, null, now(), 'lease_1', now() + interval '1 hour'),
      ('shadow_1', 'thrd_2', 4, 'user_1', 0, 0, null, now(), null, null),
      ('space_2', 'thrd_1', 5, 'user_1', 2, 0, now(), null, null, null);
  insert into embedding (store_id, message_id, chunk, thread_id, generation, model, role, message_created_at, vector)
    select 'space_1', m.id, 0, m.thread_id, right(m.thread_id, 1)::int, 'old', m.role, m.created_at, '[1,0]'::halfvec from message m
    union all select 'shadow_1', 'msg_1_1', 0, 'thrd_1', 3, 'new', 'USER'::message_role, '2026-01-01', '[1,0,0]'::halfvec
    union all select 'space_2', 'msg_1_1', 0, 'thrd_1', 9, 'old', 'USER', '2026-01-01', '[1,0]'::halfvec;
  insert into embedding_failure (space_id, message_id, thread_id, sequence, error)
    values ('space_2', 'msg_1_1', 'thrd_1', 1, 'refused');
  insert into pending_embedding (space_id, message_id, thread_id, sequence) values ('space_2', 'msg_1_2', 'thrd_1', 2);
  insert into backfill (id, space_id, thread_id, generation, kind, status, target_sequence, total, embedded, finished_at)
    values ('bkfl_1', 'space_1', 'thrd_1', 1, 'ADD', 'COMPLETED', 2, 2, 2, now()),
      ('bkfl_2', 'shadow_1', 'thrd_1', 3, 'REEMBED', 'RUNNING', 2, 2, 1, null),
      ('bkfl_3', 'shadow_1', 'thrd_2', 4, 'ADD', 'QUEUED', 2, 2, 0, null),
      ('bkfl_4', 'space_2', 'thrd_1', 5, 'RETRY', 'CANCELED', 0, 1, 0, now()),
      ('bkfl_5', 'space_3', 'thrd_1', 6, 'ADD', 'CANCELED', 0, 1, 0, now());
  insert into reembedding (id, space_id, shadow_id, embedding_model, embedding_dimensions, status, started_by_id, finished_at)
    values ('remb_1', 'space_1', 'shadow_1', 'new', 3, 'RUNNING', 'user_1', null),
      ('remb_2', 'space_2', 'shadow_2', 'new', 3, 'COMPLETED', 'user_1', now())`

let database: TestDatabase
let pool: Pool
let before: string

beforeAll(async () => {
  database = await openTestDatabase()
  pool = database.pool
  before = await mkdtemp(join(tmpdir(), 'heddle-migrations-'))
  const names = (await readdir(migrationsDirectory())).filter((name) => /^\d/.test(name) && name < MIGRATION)
  for (const name of names)
    await cp(join(migrationsDirectory(), name), join(before, name), { recursive: true })
  await pool.query('drop schema public cascade; create schema public')
  await migrate(pool, before)
  await pool.query(OLD_DATA)
  await migrate(pool, migrationsDirectory())
})
afterAll(async () => {
  await rm(before, { recursive: true })
  await database.close()
})

test('a space keeps the store that answers, a hidden space becomes one that is built, and what it left a retired one', async () => {
  const { rows } = await pool.query(
    `select id, space_id as space, state::text, embedding_model as model, thread_count as threads,
       vector_count::int as vectors from embedding_store order by space_id, id`,
  )

  expect(rows).toEqual([
    { id: 'shadow_1', space: 'space_1', state: 'BUILDING', model: 'new', threads: 2, vectors: 1 },
    { id: 'space_1', space: 'space_1', state: 'ACTIVE', model: 'old', threads: 2, vectors: 4 },
    { id: 'shadow_2', space: 'space_2', state: 'ACTIVE', model: 'new', threads: 1, vectors: 0 },
    { id: 'space_2', space: 'space_2', state: 'RETIRED', model: 'old', threads: 0, vectors: 0 },
  ])
  expect((await pool.query('select id from space order by id')).rows.map(({ id }) => id)).toEqual([
    'space_1',
    'space_2',
    'space_3',
  ])
})

test('each thread is as far in a store as its link was, without the lease of a worker that is gone', async () => {
  const { rows } = await pool.query(
    `select store_id || ' ' || thread_id as what, generation::int, embedded_through as through, lease_id as lease,
       next_attempt_at is not null as "isDue", paused_at is not null as "isPaused" from store_thread order by 1`,
  )

  const rest = { lease: null, isDue: false, isPaused: false }
  expect(rows).toEqual([
    { ...rest, what: 'shadow_1 thrd_1', generation: 3, through: 1, isDue: true },
    { ...rest, what: 'shadow_1 thrd_2', generation: 4, through: 0, isDue: true },
    { ...rest, what: 'shadow_2 thrd_1', generation: 5, through: 2, isPaused: true },
    { ...rest, what: 'space_1 thrd_1', generation: 1, through: 2 },
    { ...rest, what: 'space_1 thrd_2', generation: 2, through: 2 },
  ])
})

test('backfills, refusals and waiting messages belong to the store that they were of', async () => {
  const { rows: backfills } = await pool.query(
    'select id, space_id as space, store_id as store, kind::text from backfill order by id',
  )
  const { rows: records } = await pool.query(
    'select store_id as store, message_id as message from embedding_failure union all select store_id, message_id from pending_embedding',
  )

  expect(backfills).toEqual([
    { id: 'bkfl_1', space: 'space_1', store: 'space_1', kind: 'ADD' },
    { id: 'bkfl_2', space: 'space_1', store: 'shadow_1', kind: 'REEMBED' },
    { id: 'bkfl_3', space: 'space_1', store: 'shadow_1', kind: 'REEMBED' },
    { id: 'bkfl_4', space: 'space_2', store: 'shadow_2', kind: 'RETRY' },
    { id: 'bkfl_5', space: 'space_3', store: 'space_3', kind: 'ADD' },
  ])
  expect(records).toEqual([
    { store: 'shadow_2', message: 'msg_1_1' },
    { store: 'shadow_2', message: 'msg_1_2' },
  ])
})

test('every rule of the data holds of what was carried over', () => expectInvariants(pool))
