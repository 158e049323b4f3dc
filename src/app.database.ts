import { join } from 'node:path'
import type { Pool } from 'pg'
import type { StopSteps } from './app.stop.js'
import { voidLeases } from './features/embeddings/claim.sql.js'
import { voidBatchLeases } from './features/purge/deletion.batch.sql.js'
import type { Config } from './platform/config.js'
import { acquireDataLock } from './platform/data.lock.js'
import { createPostgresPool, Database, sql } from './platform/database.js'
import type { Logger } from './platform/log.js'
import { migrate, migrationsDirectory } from './platform/migrate.js'
import { openPglite } from './platform/pglite.open.js'

const POOL_SIZE = 20

export interface OpenDatabase {
  db: Database
  /** tells other processes where the one that holds the data directory answers */
  announce(url: string): Promise<void>
}

/** Opens the database that is configured and brings it to the newest schema; `pool`, when given, is used as it is. */
export async function openDatabase(
  config: Config,
  pool: Pool | undefined,
  logger: Logger,
  steps: StopSteps,
): Promise<OpenDatabase> {
  const isEmbedded = !pool && config.databaseUrl === null
  const lock = isEmbedded ? await acquireDataLock(config.dataDir) : null
  if (lock) steps.add(() => lock.release())
  const opened = pool ?? (await openPool(config, steps))
  // A connection that breaks while nobody uses it is replaced; without a listener it would end the process.
  const onBroken = (error: Error) => logger.warn({ err: error }, 'an idle database connection broke')
  opened.on('error', onBroken)
  // Its own pool has ended before its last connection has: that is listened to until it is gone.
  if (pool) steps.add(async () => void pool.off('error', onBroken))
  const db = new Database(opened)
  steps.add(() => db.close())
  await migrate(opened, migrationsDirectory())
  if (isEmbedded) await takeOver(db)
  return { db, announce: async (url) => lock?.announce({ url }) }
}

async function openPool(config: Config, steps: StopSteps): Promise<Pool> {
  if (config.databaseUrl !== null) {
    const pool = createPostgresPool(config.databaseUrl, POOL_SIZE)
    steps.add(() => pool.end())
    return pool
  }
  const { pool, close } = await openPglite({ directory: join(config.dataDir, 'database') })
  steps.add(close)
  return pool
}

/** The data directory has one process at a time: leases in it are of one that is gone, and need not be waited for. */
async function takeOver(db: Database): Promise<void> {
  await db.query(voidLeases())
  await db.query(voidBatchLeases())
  await db.query(
    sql`update outbox set lease_id = null, lease_expires_at = null where lease_id is not null returning id`,
  )
}
