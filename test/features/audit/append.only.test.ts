import { afterAll, beforeAll, expect, test } from 'vitest'
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
