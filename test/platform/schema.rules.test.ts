import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { openTestDatabase, type TestDatabase } from '../support/database.js'

let database: TestDatabase

beforeAll(async () => {
  database = await openTestDatabase()
})
afterAll(() => database.close())

beforeEach(async () => {
  await database.pool.query(`
    delete from organization;
    insert into organization (id, name) values ('org_1', 'One');
    insert into usage (organization_id) values ('org_1');
    insert into thread (id, owner_id, organization_id) values ('thrd_1', 'user_1', 'org_1');
    insert into space (id, organization_id, creator_id, name) values ('space_1', 'org_1', 'user_1', 'Space');
    insert into embedding_store (id, space_id, embedding_model, embedding_dimensions, state)
      values ('space_1', 'space_1', 'model', 2, 'ACTIVE')`)
})

describe('the database itself refuses', () => {
  test.each([
    'update usage set threads = threads - 1',
    'update usage set projects = projects - 1',
    'update usage set messages = messages - 1',
    'update thread set message_count = message_count - 1',
    'update embedding_store set thread_count = thread_count - 1',
    'update embedding_store set vector_count = vector_count - 1',
  ])('a counter below zero: %s', async (statement) => {
    await expect(database.pool.query(statement)).rejects.toMatchObject({ code: '23514' })
  })

  test.each(['null, null', `'user_1', 'ADMIN'`])(
    'a grant to nobody or to two at once: %s',
    async (grantee) => {
      const statement = `insert into space_grant (id, space_id, user_id, organization_role, role)
                       values ('grant_1', 'space_1', ${grantee}, 'VIEWER')`

      await expect(database.pool.query(statement)).rejects.toMatchObject({
        constraint: 'space_grant_one_grantee',
      })
    },
  )

  test('a backfill that has processed more than its total', async () => {
    const statement = `insert into backfill
        (id, space_id, store_id, thread_id, generation, kind, status, target_sequence, total, embedded, skipped, failed)
      values ('bkfl_1', 'space_1', 'space_1', 'thrd_1', 1, 'ADD', 'RUNNING', 3, 3, 2, 1, 1)`

    await expect(database.pool.query(statement)).rejects.toMatchObject({
      constraint: 'backfill_processed_within_total',
    })
  })

  test.each(['null, null, null', `'[1,2]', '[1,2]', '11'`, `null, '[1,2]', null`, `'[1,2]', null, '11'`])(
    'an embedding without exactly one vector and the bits of a wide one: %s',
    async (vectors) => {
      const statement = `insert into embedding
        (store_id, message_id, chunk, thread_id, generation, model, role, message_created_at, vector, wide_vector,
          wide_bits)
      values ('space_1', 'msg_1', 0, 'thrd_1', 1, 'model', 'USER', now(), ${vectors})`

      await expect(database.pool.query(statement)).rejects.toMatchObject({
        constraint: 'embedding_one_vector',
      })
    },
  )

  test.each([`update audit_event set action = 'nothing'`, 'delete from audit_event', 'truncate audit_event'])(
    'a change of the audit trail: %s',
    async (statement) => {
      await expect(database.pool.query(statement)).rejects.toThrow('audit events are append-only')
    },
  )
})

test('a vector of 1,024 dimensions stands in the index, and a wide one of 4,096 beside it with its bits', async () => {
  const insert = `insert into embedding
      (store_id, message_id, chunk, thread_id, generation, model, role, message_created_at, vector, wide_vector, wide_bits)
    select repeat('s', 128), repeat('m', 128), $1, 'thrd_1', nextval('link_generation'), 'model', 'USER', now(),
           case when $2 then value end, case when not $2 then value end, case when not $2 then binary_quantize(value) end
      from (select array_agg(sin(n)::real)::halfvec as value from generate_series(1, $3) n) vectors`

  await database.pool.query(insert, [0, true, 1024])
  await database.pool.query(insert, [1, false, 4096])

  const { rows } = await database.pool.query(
    'select chunk, length(wide_bits) as bits from embedding order by chunk',
  )
  expect(rows).toEqual([
    { chunk: 0, bits: null },
    { chunk: 1, bits: 4096 },
  ])
})
