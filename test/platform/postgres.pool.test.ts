import { once } from 'node:events'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Database, sql } from '../../src/platform/database/database.js'
import { PostgresPool } from '../../src/platform/database/postgres.pool.js'
import {
  MAINTENANCE_LIMITS,
  requestLimits,
  type SessionLimits,
} from '../../src/platform/database/postgres.session.js'
import { openTestDatabase, type TestDatabase, testServerUrl } from '../support/database.js'
import { DatabaseProxy } from '../support/database.proxy.js'

const LOCK_MS = 4_000

const CONNECT_MS = 20_000

describe.runIf(testServerUrl())('on PostgreSQL', () => {
  let database: TestDatabase
  let proxy: DatabaseProxy

  beforeAll(async () => {
    database = await openTestDatabase()
    proxy = await DatabaseProxy.open(database.url as string)
  })
  afterAll(async () => {
    await proxy[Symbol.asyncDispose]()
    await database.close()
  })

  function open(limits: SessionLimits): PostgresPool {
    return new PostgresPool({ url: proxy.url, size: 2, connectMs: CONNECT_MS, limits, keepsSessions: true })
  }

  async function settingsOf(pool: PostgresPool): Promise<Record<string, string>> {
    const names = [
      'jit',
      'timezone',
      'statement_timeout',
      'lock_timeout',
      'idle_in_transaction_session_timeout',
    ]
    const { rows } = await pool.query('select name, setting from pg_settings where name ilike any ($1)', [
      names,
    ])
    return Object.fromEntries(rows.map(({ name, setting }) => [name.toLowerCase(), setting]))
  }

  test('sessions are without JIT compilation and in UTC, and their statements, locks and silences have limits', async () => {
    const pool = open(requestLimits(30_000, LOCK_MS))
    const ownPool = open(MAINTENANCE_LIMITS)

    const always = { jit: 'off', timezone: 'UTC', idle_in_transaction_session_timeout: '5000' }
    expect(await settingsOf(pool)).toEqual({ ...always, statement_timeout: '30000', lock_timeout: '4000' })
    expect(await settingsOf(ownPool)).toEqual({ ...always, statement_timeout: '0', lock_timeout: '0' })

    await pool.close()
    await ownPool.close()
  })

  test('a statement that takes too long is ended, and the pool goes on', async () => {
    const pool = open(requestLimits(100, LOCK_MS))
    const db = new Database(pool)

    await expect(db.query(sql`select pg_sleep(60)::text`)).rejects.toMatchObject({ code: '57014' })
    expect(await db.query(sql`select 1 as one`)).toEqual([{ one: 1 }])

    await db.close()
    await pool.close()
  })

  test('a connection that was idle for long is kept, and one that owes an answer is given up', async () => {
    const pool = open(requestLimits(1, LOCK_MS))
    const client = await pool.connect()
    let closed = false
    client.once('end', () => {
      closed = true
    })
    // As long as any answer is waited for.
    await once(client.connection.stream, 'timeout')
    expect(closed).toBe(false)
    expect((await client.query('select 1 as one')).rows).toEqual([{ one: 1 }])

    proxy.silence()
    await expect(client.query('select 2')).rejects.toMatchObject({ code: 'ETIMEDOUT' })
    proxy.restore()

    client.release()
    expect(pool.totalCount).toBe(0)
    await pool.close()
  })

  test('what waits for an answer fails as soon as the pool is abandoned, and so does what comes later', async () => {
    const pool = open(requestLimits(60_000, LOCK_MS))
    const db = new Database(pool)
    await db.query(sql`select 1`)
    proxy.silence()
    // One has a connection, one gets a new one, and one stands in line.
    const client = await pool.connect()
    const waiting = [client.query('select 2'), db.query(sql`select 2`), db.query(sql`select 2`)]
    const outcomes = Promise.allSettled(waiting)

    pool.abandon()

    const start = performance.now()
    expect((await outcomes).map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
    expect(performance.now() - start).toBeLessThan(CONNECT_MS / 2)
    client.release()
    await expect(db.query(sql`select 3`)).rejects.toThrow('Cannot use a pool')
    proxy.restore()
    await db.close()
    await pool.close()
  })
})
