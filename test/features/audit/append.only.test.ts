import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openTestDatabase, type TestDatabase } from '../../support/database.js'

const READ = 'select * from audit_event order by id'

let database: TestDatabase

beforeAll(async () => {
  database = await openTestDatabase()
  await database.pool.query(`
    insert into audit_event (id, actor_id, action, target_type, target_id) values
      ('audit_1', 'user_1', 'thread.created', 'thread', 'thrd_1'),
      ('audit_2', 'user_1', 'thread.deleted', 'thread', 'thrd_1')`)
})
afterAll(() => database.close())

const MONTH_OLD = `insert into audit_event (id, actor_id, action, target_type, target_id, created_at)
  values ('audit_old', 'user_1', 'thread.created', 'thread', 'thrd_1', now() - interval '30 days')`
const DELETE_OLD = "delete from audit_event where id = 'audit_old'"
const retainFrom = (time: string) =>
  `select set_config('heddle.audit_retention_before', (${time})::text, true)`

/** In one transaction, which is undone unless all of it goes well. */
async function transact(...statements: string[]): Promise<void> {
  const client = await database.pool.connect()
  try {
    await client.query('begin')
    for (const statement of statements) await client.query(statement)
    await client.query('commit')
  } catch (error) {
    await client.query('rollback')
    throw error
  } finally {
    client.release()
  }
}

test.each([
  ["update audit_event set actor_id = 'user_2'"],
  ["update audit_event set actor_id = 'user_2' where id = 'audit_1'"],
  ["update audit_event set actor_id = 'user_2' where false"],
  ['delete from audit_event'],
  ["delete from audit_event where id = 'audit_1'"],
  ['truncate audit_event'],
  ['truncate organization, audit_event cascade'],
  [
    `insert into audit_event (id, actor_id, action, target_type, target_id)
      values ('audit_1', 'user_2', 'thread.created', 'thread', 'thrd_1')
      on conflict (id) do update set actor_id = excluded.actor_id`,
  ],
  ["with gone as (delete from audit_event where id = 'audit_1' returning id) select * from gone"],
])('the database refuses to change what has been written: %s', async (statement) => {
  const { rows: before } = await database.pool.query(READ)

  await expect(database.pool.query(statement)).rejects.toMatchObject({
    code: '23001',
    message: expect.stringMatching(/^audit events are append-only: (?:UPDATE|DELETE|TRUNCATE) refused$/),
  })
  expect((await database.pool.query(READ)).rows).toEqual(before)
})

describe('a transaction that says from before when events go', () => {
  test.each([
    ['an event from after that', retainFrom("now() - interval '31 days'"), 'delete from audit_event'],
    [
      'an event of today, whatever it says',
      retainFrom("now() + interval '1 day'"),
      'delete from audit_event',
    ],
    ['a change', retainFrom('now()'), "update audit_event set actor_id = 'user_2' where id = 'audit_old'"],
    ['a truncation', retainFrom('now()'), 'truncate audit_event'],
  ])('is refused %s', async (_, setting, statement) => {
    await expect(transact(MONTH_OLD, setting, statement)).rejects.toMatchObject({ code: '23001' })
  })

  test('deletes what is older, and speaks for itself alone', async () => {
    const { rows: before } = await database.pool.query(READ)
    await transact(MONTH_OLD, retainFrom("now() - interval '29 days'"), DELETE_OLD)
    expect((await database.pool.query(READ)).rows).toEqual(before)

    await expect(transact(MONTH_OLD, DELETE_OLD)).rejects.toMatchObject({ code: '23001' })
  })
})
