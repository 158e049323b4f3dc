// A separate app for a benchmark: the built server on a fresh database, and a client that calls it over HTTP.
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { startApp } from '../dist/app.js'
import { loadConfig } from '../dist/platform/config/config.js'
import { openPglite } from '../dist/platform/pglite.open.js'
import { PostgresPool } from '../dist/platform/postgres.pool.js'
import { MAINTENANCE_LIMITS } from '../dist/platform/postgres.session.js'

const API_KEY = 'hdl_key_of_the_benchmarks_and_of_nobody_else'
const CONNECTIONS = 10

/** @returns the database that benchmarks are to use: `postgres` or `embedded` */
export function databaseKind() {
  return process.env.BENCH_DATABASE_URL ? 'postgres' : 'embedded'
}

/**
 * Starts Heddle on a new database; `close` removes it.
 *
 * @param {{ embedder?: object, environment?: Record<string, string>, timings?: object }} options
 */
export async function openGateway({ embedder, environment = {}, timings } = {}) {
  const database = await openDatabase()
  const directory = await mkdtemp(join(tmpdir(), 'heddle-bench-'))
  const config = loadConfig({
    PORT: '0',
    LOG_LEVEL: 'error',
    BOOTSTRAP_API_KEY: API_KEY,
    DATA_DIR: directory,
    DATABASE_URL: database.url,
    ...environment,
  })
  const app = await startApp(config, {
    embedders: embedder && [embedder],
    timings,
    ...(database.url ? {} : { pool: database.pool }),
  })
  return {
    pool: database.pool,
    /** The data of an operation that must succeed. */
    async call(query, variables) {
      const response = await fetch(app.url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-api-key': API_KEY },
        body: JSON.stringify({ query, variables }),
      })
      const { data, errors } = await response.json()
      if (errors) throw new Error(`The call failed: ${JSON.stringify(errors)}`)
      return data
    },
    async close() {
      await app.stop()
      await database.close()
      await rm(directory, { recursive: true })
    },
  }
}

async function openDatabase() {
  const server = process.env.BENCH_DATABASE_URL
  if (!server) {
    const { pool, close } = await openPglite('memory')
    return { pool, url: undefined, close }
  }
  const name = `heddle_bench_${randomUUID().replaceAll('-', '')}`
  await administer(server, `create database ${name}`)
  const url = Object.assign(new URL(server), { pathname: `/${name}` }).href
  const limits = { ...MAINTENANCE_LIMITS, idleMs: 0 }
  const pool = new PostgresPool({ url, size: CONNECTIONS, connectMs: 0, limits, keepsSessions: true })
  return {
    pool,
    url,
    async close() {
      await pool.end()
      await administer(server, `drop database if exists ${name} with (force)`)
    },
  }
}

async function administer(server, statement) {
  const client = new pg.Client({ connectionString: server })
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}
