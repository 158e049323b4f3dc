import { createHash, randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Pool, PoolClient } from 'pg'

/** Applies migrations with Prisma's files, table and lock, so that Prisma or Heddle may do it. */

// Prisma's advisory lock: `prisma migrate deploy` and Heddle wait for each other.
const MIGRATION_LOCK = 72707369

const CREATE_HISTORY = `
  create table if not exists _prisma_migrations (
    id varchar(36) primary key not null,
    checksum varchar(64) not null,
    finished_at timestamptz,
    migration_name varchar(255) not null,
    logs text,
    rolled_back_at timestamptz,
    started_at timestamptz not null default now(),
    applied_steps_count integer not null default 0
  )`

interface Migration {
  name: string
  sql: string
  /** SHA-256 of the file, hexadecimal */
  checksum: string
}

interface HistoryRow {
  name: string
  checksum: string
  finished: boolean
}

/** The database cannot be migrated in its current state. The message says what to do. */
export class MigrationError extends Error {
  override readonly name = 'MigrationError'
}

/** Applies the pending migrations in `directory`, each file in one transaction, in order of names. */
export async function migrate(pool: Pool, directory: string): Promise<{ applied: string[] }> {
  const migrations = await readMigrations(directory)
  const client = await pool.connect()
  let failure: Error | undefined
  try {
    await client.query('select pg_advisory_lock($1)', [MIGRATION_LOCK])
    const pending = findPending(migrations, await readHistory(client))
    for (const migration of pending) await apply(client, migration)
    await client.query('select pg_advisory_unlock($1)', [MIGRATION_LOCK])
    return { applied: pending.map(({ name }) => name) }
  } catch (error) {
    failure = error instanceof Error ? error : new Error(String(error))
    throw failure
  } finally {
    // After a failure the connection is closed, which is certain to release the lock.
    client.release(failure)
  }
}

/** Finds `prisma/migrations` of this installation, which is above the sources as well as above the build. */
export function migrationsDirectory(): string {
  for (let folder = import.meta.dirname; ; folder = dirname(folder)) {
    const directory = join(folder, 'prisma', 'migrations')
    if (existsSync(directory)) return directory
    if (folder === dirname(folder)) {
      throw new MigrationError(`No prisma/migrations found above ${import.meta.dirname}. Reinstall Heddle.`)
    }
  }
}

async function readMigrations(directory: string): Promise<Migration[]> {
  const entries = await readdir(directory, { withFileTypes: true })
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name)
  return Promise.all(
    names.sort().map(async (name) => {
      const bytes = await readFile(join(directory, name, 'migration.sql'))
      return { name, sql: bytes.toString('utf8'), checksum: createHash('sha256').update(bytes).digest('hex') }
    }),
  )
}

async function readHistory(client: PoolClient): Promise<HistoryRow[]> {
  await client.query(CREATE_HISTORY)
  const { rows } = await client.query<HistoryRow>(
    `select migration_name as name, checksum, finished_at is not null as finished
       from _prisma_migrations
      where rolled_back_at is null
      order by started_at`,
  )
  return rows
}

function findPending(migrations: Migration[], history: HistoryRow[]): Migration[] {
  const known = new Map(migrations.map((migration) => [migration.name, migration]))
  for (const row of history) {
    const migration = known.get(row.name)
    if (!migration) {
      throw new MigrationError(
        `The database has migration ${row.name}, which this version of Heddle does not know. ` +
          'Start the version that created it, or a newer one.',
      )
    }
    if (!row.finished) {
      throw new MigrationError(
        `Migration ${row.name} started and did not finish. Repair the database, then mark it with ` +
          `\`prisma migrate resolve --applied ${row.name}\` or \`--rolled-back ${row.name}\`.`,
      )
    }
    if (row.checksum !== migration.checksum) {
      throw new MigrationError(
        `Migration ${row.name} was edited after it had been applied. ` +
          'Restore its file, and write the change as a new migration.',
      )
    }
  }
  const seen = new Set(history.map(({ name }) => name))
  return migrations.filter(({ name }) => !seen.has(name))
}

async function apply(client: PoolClient, { name, sql, checksum }: Migration): Promise<void> {
  try {
    await client.query('begin')
    await client.query(sql)
    await client.query(
      `insert into _prisma_migrations (id, checksum, migration_name, finished_at, applied_steps_count)
       values ($1, $2, $3, clock_timestamp(), 1)`,
      [randomUUID(), checksum, name],
    )
    await client.query('commit')
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new MigrationError(`Migration ${name} failed and changed nothing: ${reason}`, { cause: error })
  }
}
