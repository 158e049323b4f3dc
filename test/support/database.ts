import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { PostgresPool } from '../../src/platform/database/postgres.pool.js'
import { MAINTENANCE_LIMITS } from '../../src/platform/database/postgres.session.js'
import { freshPglite } from './pglite.template.js'

/** A migrated, empty database of a test's own: on PostgreSQL where TEST_DATABASE_URL names a server, else on PGlite. */
export interface TestDatabase {
  pool: pg.Pool
  /** null on PGlite, which only this process reaches */
  url: string | null
  close(): Promise<void>
}

/** The variable in which the global setup names the migrated database that others are copied from. */
export const TEMPLATE_DATABASE = 'HEDDLE_TEST_TEMPLATE_DATABASE'

const MAX_CONNECTIONS = 10

/** The server that tests run on, or null when they run on PGlite. */
export function testServerUrl(): string | null {
  return process.env.TEST_DATABASE_URL || null
}

export async function openTestDatabase(): Promise<TestDatabase> {
  const server = testServerUrl()
  if (!server) {
    const { pool, close } = await freshPglite()
    return { pool, url: null, close }
  }
  const template = process.env[TEMPLATE_DATABASE]
  if (!template) throw new Error('No template of a database: the global setup of vitest.config.ts makes it.')
  const name = `heddle_test_${randomUUID().replaceAll('-', '')}`
  await administer(server, `create database ${name} template ${template}`)
  const url = urlOf(server, name)
  const pool = openTestPool(url)
  // Dropping the database ends what a test has left connected, and what an ended pool has not closed yet.
  pool.on('error', () => undefined)
  return {
    pool,
    url,
    close: async () => {
      if (!pool.ending) await pool.end()
      await administer(server, `drop database if exists ${name} with (force)`)
    },
  }
}

/** A test holds locks and transactions for as long as it likes. */
export function openTestPool(url: string): PostgresPool {
  const limits = { ...MAINTENANCE_LIMITS, idleInTransactionMs: 0, idleMs: 0 }
  return new PostgresPool({ url, size: MAX_CONNECTIONS, connectMs: 0, limits, keepsSessions: true })
}

/** One statement on the server itself, outside every test's database. */
export async function administer(server: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: server })
  await client.connect()
  try {
    await client.query(sql)
  } finally {
    await client.end()
  }
}

export function urlOf(server: string, database: string): string {
  const url = new URL(server)
  url.pathname = `/${database}`
  return url.href
}
