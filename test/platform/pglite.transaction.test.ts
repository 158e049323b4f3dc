import type { Pool } from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { OpenPglite } from '../../src/platform/database/pglite.open.js'
import { freshPglite } from '../support/pglite.template.js'

let database: OpenPglite
let pool: Pool

beforeAll(async () => {
  database = await freshPglite()
  pool = database.pool
})
afterAll(() => database.close())

beforeEach(async () => {
  await pool.query('drop table if exists child, parent')
  await pool.query(`
    create table parent (id int primary key, name text constraint parent_name_key unique);
    create table child (id int primary key, parent_id int not null
      constraint child_parent_id_fkey references parent (id) deferrable initially deferred)`)
})

describe('transactions', () => {
  test('keep everybody else waiting until their client is released', async () => {
    const client = await pool.connect()
    await client.query('begin')
    await client.query(`insert into parent values (1, 'a')`)
    const outside = pool.query('select count(*)::int as n from parent')
    await client.query(`insert into parent values (2, 'b')`)
    await client.query('commit')
    client.release()

    expect((await outside).rows).toEqual([{ n: 2 }])
  })

  test('are rolled back when their client is released before their end', async () => {
    const client = await pool.connect()
    await client.query('begin')
    await client.query(`insert into parent values (1, 'a')`)
    client.release()

    expect((await pool.query('select * from parent')).rows).toEqual([])
  })

  test('go on to their rollback after a statement that failed', async () => {
    const client = await pool.connect()
    await client.query('begin')
    await client.query(`insert into parent values (1, 'a')`)
    await expect(client.query('select $1::int', ['x'])).rejects.toMatchObject({ code: '22P02' })
    await expect(client.query('select 1')).rejects.toMatchObject({ code: '25P02' })
    await client.query('rollback')
    expect((await client.query('select * from parent')).rows).toEqual([])
    client.release()
  })

  test('that cannot commit say so, and nothing of them stays', async () => {
    const client = await pool.connect()
    await client.query('begin')
    await client.query('insert into child values (1, 99)')
    await expect(client.query('commit')).rejects.toMatchObject({
      code: '23503',
      constraint: 'child_parent_id_fkey',
    })
    client.release()

    expect((await pool.query('select * from child')).rows).toEqual([])
  })

  test('keep savepoints and the isolation they ask for', async () => {
    const client = await pool.connect()
    await client.query('begin isolation level serializable')
    const { rows } = await client.query('show transaction isolation level')
    await client.query(`insert into parent values (1, 'a')`)
    await client.query('savepoint here')
    await expect(client.query(`insert into parent values (1, 'b')`)).rejects.toMatchObject({ code: '23505' })
    await client.query('rollback to savepoint here')
    await client.query('commit')
    client.release()

    expect(rows).toEqual([{ transaction_isolation: 'serializable' }])
    expect((await pool.query('select name from parent')).rows).toEqual([{ name: 'a' }])
  })

  test('a hundred at once, a third of them failing, come out as if one after another', async () => {
    await pool.query(`insert into parent values (1, '0')`)
    await Promise.all(
      Array.from({ length: 100 }, async (_, index) => {
        const client = await pool.connect()
        await client.query('begin')
        await client.query(`update parent set name = name::int + 1 where id = $1`, [1])
        if (index % 3 === 0) await client.query('select 1 / 0').catch(() => undefined)
        await client.query('commit')
        client.release()
      }),
    )

    expect((await pool.query('select name from parent')).rows).toEqual([{ name: '66' }])
  })
})

test('a client that is closed leaves no setting, lock or prepared statement to the next', async () => {
  const client = await pool.connect()
  await client.query(`set timezone to 'Asia/Tokyo'`)
  await client.query('select pg_advisory_lock(5)')
  await client.query({ name: 'left', text: 'select 1' })
  await client.query('begin')
  client.release(true)

  const { rows } = await pool.query(
    `select current_setting('timezone') as timezone, (select count(*)::int from pg_prepared_statements) as statements,
            (select count(*)::int from pg_locks where locktype = 'advisory') as locks`,
  )

  expect(rows).toEqual([{ timezone: 'UTC', statements: 0, locks: 0 }])
})
