import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Pool } from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { MigrationError, migrate, migrationsDirectory } from '../../src/platform/database/migrate.js'
import { openTestDatabase, openTestPool, type TestDatabase } from '../support/database.js'

const STARTERS = 6

let database: TestDatabase
let pool: Pool
let directory: string

beforeAll(async () => {
  database = await openTestDatabase()
  pool = database.pool
})
afterAll(() => database.close())

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'heddle-migrations-'))
  await pool.query('drop schema public cascade; create schema public')
})
afterEach(() => rm(directory, { recursive: true }))

/** Makes migrations out of their names and statements. */
async function writeMigrations(migrations: Record<string, string>): Promise<void> {
  for (const [name, sql] of Object.entries(migrations)) {
    await mkdir(join(directory, name), { recursive: true })
    await writeFile(join(directory, name, 'migration.sql'), sql)
  }
}

async function tables(): Promise<string[]> {
  const { rows } = await pool.query(
    `select tablename as name from pg_tables where schemaname = 'public' and tablename not like '\\_%' order by 1`,
  )
  return rows.map(({ name }) => name)
}

describe('migrating', () => {
  test('applies what Heddle brings, and a second time nothing', async () => {
    const names = (await readdir(migrationsDirectory())).filter((name) => /^\d/.test(name)).sort()

    expect(await migrate(pool, migrationsDirectory())).toEqual({ applied: names })
    expect(await migrate(pool, migrationsDirectory())).toEqual({ applied: [] })
    expect(await tables()).toContain('space_thread')
  })

  test('goes by name and takes up where it ended', async () => {
    await writeMigrations({
      '2_column': 'alter table one add column two int',
      '1_table': 'create table one (id int)',
    })
    expect(await migrate(pool, directory)).toEqual({ applied: ['1_table', '2_column'] })

    await writeMigrations({ '3_more': 'create table three (id int); create table four (id int)' })
    expect(await migrate(pool, directory)).toEqual({ applied: ['3_more'] })
    expect(await tables()).toEqual(['four', 'one', 'three'])
  })

  test('writes what Prisma would: name, SHA-256 of the file, and that it is finished', async () => {
    await writeMigrations({ '1_table': 'create table one (id int)' })
    await migrate(pool, directory)

    const { rows } = await pool.query(
      `select migration_name, checksum, finished_at is not null as finished, rolled_back_at, applied_steps_count as steps
         from _prisma_migrations`,
    )

    expect(rows).toEqual([
      {
        migration_name: '1_table',
        checksum: createHash('sha256').update('create table one (id int)').digest('hex'),
        finished: true,
        rolled_back_at: null,
        steps: 1,
      },
    ])
  })

  test('is done once by however many processes start at the same time', async () => {
    await writeMigrations({ '1_table': 'create table one (id int)', '2_table': 'create table two (id int)' })
    const { url } = database
    // Processes on PostgreSQL have connections of their own; a PGlite belongs to one process.
    const pools = Array.from({ length: STARTERS }, () => (url ? openTestPool(url) : pool))

    const results = await Promise.all(pools.map((one) => migrate(one, directory)))

    expect(results.flatMap(({ applied }) => applied).sort()).toEqual(['1_table', '2_table'])
    if (url) await Promise.all(pools.map((one) => one.end()))
  })

  test('leaves nothing of a file that fails, keeps the ones before it, and can be tried again', async () => {
    await writeMigrations({
      '1_table': 'create table one (id int)',
      '2_broken': 'create table two (id int); insert into nowhere values (1)',
    })

    const failing = migrate(pool, directory)

    await expect(failing).rejects.toBeInstanceOf(MigrationError)
    await expect(failing).rejects.toThrow(
      'Migration 2_broken failed and changed nothing: relation "nowhere" does not exist',
    )
    expect(await tables()).toEqual(['one'])
    await writeMigrations({ '2_broken': 'create table two (id int)' })
    expect(await migrate(pool, directory)).toEqual({ applied: ['2_broken'] })
  })
})

describe('a database is refused', () => {
  beforeEach(async () => {
    await writeMigrations({ '1_table': 'create table one (id int)' })
    await migrate(pool, directory)
    await writeMigrations({ '2_table': 'create table two (id int)' })
  })

  test('when an applied migration was edited', async () => {
    await writeMigrations({ '1_table': 'create table one (id bigint)' })

    await expect(migrate(pool, directory)).rejects.toThrow(
      'Migration 1_table was edited after it had been applied',
    )
    expect(await tables()).toEqual(['one'])
  })

  test('when a newer version has migrated it', async () => {
    await rm(join(directory, '1_table'), { recursive: true })

    await expect(migrate(pool, directory)).rejects.toThrow(
      'The database has migration 1_table, which this version of Heddle does not know',
    )
    expect(await tables()).toEqual(['one'])
  })

  test('when a migration started and did not finish, until that is resolved', async () => {
    await pool.query('update _prisma_migrations set finished_at = null')
    await expect(migrate(pool, directory)).rejects.toThrow('Migration 1_table started and did not finish')

    await pool.query('update _prisma_migrations set rolled_back_at = now()')
    await pool.query('drop table one')
    expect(await migrate(pool, directory)).toEqual({ applied: ['1_table', '2_table'] })
  })
})
