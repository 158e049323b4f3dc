import { existsSync } from 'node:fs'
import { mkdir, readdir, rename, rm, rmdir } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { PGlite, type PGliteOptions } from '@electric-sql/pglite'
import { vector } from '@electric-sql/pglite-pgvector'
import type { Pool } from 'pg'
import { PglitePool } from './pglite.pool.js'

/** Opens the embedded database, in a directory or in memory. */

export type PgliteLocation = { directory: string } | 'memory'

export interface OpenPglite {
  pool: Pool
  /** Waits for running statements and shuts the database down cleanly. */
  close(): Promise<void>
}

// The same session settings as on PostgreSQL: times without a zone are UTC, and every plan knows its values.
const START_PARAMETERS = [
  ...PGlite.defaultStartParams,
  '-c',
  'timezone=UTC',
  '-c',
  'plan_cache_mode=force_custom_plan',
]

/** Requires the directory's DataLock: two processes in one directory would silently lose each other's writes. */
export async function openPglite(location: PgliteLocation): Promise<OpenPglite> {
  if (location === 'memory') return openWith({})
  const directory = resolve(location.directory)
  if (!existsSync(join(directory, 'PG_VERSION'))) await initialise(directory)
  return openWith({ dataDir: directory })
}

/** Creates a PGlite with pgvector; only tests use it directly, everything else `openPglite`. */
export function createPglite(options: Pick<PGliteOptions, 'dataDir' | 'loadDataDir'>): Promise<PGlite> {
  return keepingExitCode(() =>
    PGlite.create({ ...options, extensions: { vector }, startParams: START_PARAMETERS }),
  )
}

export function closePglite(database: PGlite): Promise<void> {
  return keepingExitCode(() => database.close())
}

async function openWith(options: Pick<PGliteOptions, 'dataDir'>): Promise<OpenPglite> {
  const database = await createPglite(options)
  const pool = new PglitePool(database)
  return {
    pool,
    close: async () => {
      await pool.end()
      await pool.settled()
      await closePglite(database)
    },
  }
}

/** Initializes in a temporary directory, so that an interrupted first start leaves nothing that looks like a database. */
async function initialise(directory: string): Promise<void> {
  const draft = `${directory}.new`
  // A mounted volume may provide an empty directory. Other files must not be replaced.
  if (existsSync(directory) && (await readdir(directory)).length > 0) {
    throw new Error(
      `${directory} contains files that do not belong to a database. Move them away, or set DATA_DIR to another directory.`,
    )
  }
  // Left by an interrupted first start: the lock guarantees that its process is gone.
  await rm(draft, { recursive: true, force: true })
  await mkdir(dirname(directory), { recursive: true, mode: 0o700 })
  const { close } = await openWith({ dataDir: draft })
  await close()
  if (existsSync(directory)) await rmdir(directory)
  await rename(draft, directory)
}

/** PGlite runs PostgreSQL's main function, which may set this process's exit code: restore it. */
async function keepingExitCode<Result>(work: () => Promise<Result>): Promise<Result> {
  const before = process.exitCode
  try {
    return await work()
  } finally {
    process.exitCode = before
  }
}
