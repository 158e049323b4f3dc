import { existsSync } from 'node:fs'
import { mkdir, readdir, rename, rm, rmdir } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { PGlite, type PGliteOptions } from '@electric-sql/pglite'
import { vector } from '@electric-sql/pglite-pgvector'
import type { Pool } from 'pg'
import { PglitePool } from './pglite.pool.js'

/** Opens the database that runs in this process, in a directory or in memory. */

export type PgliteLocation = { directory: string } | 'memory'

export interface OpenPglite {
  pool: Pool
  /** Waits for what runs, and leaves the directory as a stopped database. */
  close(): Promise<void>
}

// The same session as on PostgreSQL: times without a zone are UTC, and every plan knows its values.
const START_PARAMETERS = [
  ...PGlite.defaultStartParams,
  '-c',
  'timezone=UTC',
  '-c',
  'plan_cache_mode=force_custom_plan',
]

/** Whoever opens a directory holds its DataLock: two processes in one would silently lose each other's writes. */
export async function openPglite(location: PgliteLocation): Promise<OpenPglite> {
  if (location === 'memory') return openWith({})
  const directory = resolve(location.directory)
  if (!existsSync(join(directory, 'PG_VERSION'))) await initialise(directory)
  return openWith({ dataDir: directory })
}

/** Opens a PGlite with pgvector and what else `options` say; `openPglite` is the way in for all but tests. */
export async function openWith(options: Pick<PGliteOptions, 'dataDir' | 'loadDataDir'>): Promise<OpenPglite> {
  const database = await keepingExitCode(() =>
    PGlite.create({ ...options, extensions: { vector }, startParams: START_PARAMETERS }),
  )
  const pool = new PglitePool(database)
  return {
    pool,
    close: async () => {
      await pool.end()
      await pool.settled()
      await keepingExitCode(() => database.close())
    },
  }
}

/** A first start that is cut short leaves nothing that a later one could take for a database. */
async function initialise(directory: string): Promise<void> {
  const draft = `${directory}.new`
  // An empty directory may stand there, as a mounted volume does. Other files are not ours to replace.
  if (existsSync(directory) && (await readdir(directory)).length > 0) {
    throw new Error(
      `${directory} holds files that are no database. Move them away, or set DATA_DIR to another directory.`,
    )
  }
  // Left behind by a first start that did not come to its end: the lock says that its process is gone.
  await rm(draft, { recursive: true, force: true })
  await mkdir(dirname(directory), { recursive: true, mode: 0o700 })
  const { close } = await openWith({ dataDir: draft })
  await close()
  if (existsSync(directory)) await rmdir(directory)
  await rename(draft, directory)
}

/** PGlite runs PostgreSQL's main function, which may set this process's exit code as if the process were ending. */
async function keepingExitCode<Result>(work: () => Promise<Result>): Promise<Result> {
  const before = process.exitCode
  try {
    return await work()
  } finally {
    process.exitCode = before
  }
}
