import { createHash } from 'node:crypto'
import { existsSync, openAsBlob } from 'node:fs'
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import { vector } from '@electric-sql/pglite-pgvector'
import { migrate, migrationsDirectory } from '../../src/platform/database/migrate.js'
import { closePglite, createPglite, type OpenPglite } from '../../src/platform/database/pglite.open.js'
import { PglitePool } from '../../src/platform/database/pglite.pool.js'
import { hashSchema, resetPglite } from './pglite.reset.js'

/**
 * Databases in memory with all migrations applied: loaded from a data directory that was dumped once, and emptied and
 * used again after that, which takes a twentieth of the time.
 */

const MODULES = join(import.meta.dirname, '../../node_modules')
const CACHE = join(MODULES, '.cache/heddle')
const PREFIX = 'migrated-'

/** The variable in which the global setup tells where the dump is. */
const TEMPLATE_FILE = 'HEDDLE_TEST_PGLITE_TEMPLATE'

// Those that no test is using, of this process.
const idle: PGlite[] = []
let migratedSchema: string | undefined

export async function freshPglite(): Promise<OpenPglite> {
  const database = idle.pop() ?? (await load())
  const pool = new PglitePool(database)
  return {
    pool,
    close: async () => {
      await pool.end()
      await pool.settled()
      await giveBack(database)
    },
  }
}

/** The same in a data directory, for a server that is not to begin by making it. */
export async function fillDataDirectory(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true })
  const database = await createPglite({
    dataDir: join(directory, 'database'),
    loadDataDir: await openTemplate(),
  })
  await closePglite(database)
}

async function openTemplate(): Promise<Blob> {
  const file = process.env[TEMPLATE_FILE]
  if (!file) throw new Error('No template of a database: the global setup of vitest.config.ts makes it.')
  return openAsBlob(file)
}

async function load(): Promise<PGlite> {
  const database = await createPglite({ loadDataDir: await openTemplate() })
  migratedSchema ??= await hashSchema(database)
  return database
}

/** A database whose schema a test has changed is not used again. */
async function giveBack(database: PGlite): Promise<void> {
  await resetPglite(database)
  if ((await hashSchema(database)) === migratedSchema) idle.push(database)
  else await closePglite(database)
}

/** Dumps a migrated database, unless an earlier run has done so with the same migrations and the same PGlite. */
export async function preparePgliteTemplate(): Promise<void> {
  const name = `${PREFIX}${await fingerprint()}.tar`
  const file = join(CACHE, name)
  process.env[TEMPLATE_FILE] = file
  if (existsSync(file)) return
  await mkdir(CACHE, { recursive: true })
  const draft = `${file}.${process.pid}`
  await writeFile(draft, await dumpMigrated())
  await rename(draft, file)
  const old = (await readdir(CACHE)).filter((entry) => entry.endsWith('.tar') && entry !== name)
  await Promise.all(old.map((entry) => rm(join(CACHE, entry), { force: true })))
}

async function fingerprint(): Promise<string> {
  const directory = migrationsDirectory()
  const migrations = (await readdir(directory, { recursive: true }))
    .filter((path) => path.endsWith('.sql'))
    .sort()
  const hash = createHash('sha256')
  for (const path of migrations) hash.update(path).update(await readFile(join(directory, path)))
  hash.update(await readFile(join(MODULES, '@electric-sql/pglite/package.json')))
  return hash.digest('hex').slice(0, 16)
}

async function dumpMigrated(): Promise<Buffer> {
  const database = await PGlite.create({ extensions: { vector } })
  const pool = new PglitePool(database)
  await migrate(pool, migrationsDirectory())
  // What stands in memory only would have to be recovered from the log at each start.
  await pool.query('checkpoint')
  await pool.end()
  await pool.settled()
  const dump = await database.dumpDataDir('none')
  await database.close()
  return Buffer.from(await dump.arrayBuffer())
}
