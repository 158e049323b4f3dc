import { join } from 'node:path'
import type { Pool } from 'pg'
import type { StopSteps } from './app.stop.js'
import { voidBatchLeases } from './features/deletion/purge/deletion.batch.sql.js'
import { voidLeases } from './features/embeddings/claim.sql.js'
import type { Config } from './platform/config/config.js'
import { acquireDataLock } from './platform/database/data.lock.js'
import { Database } from './platform/database/database.js'
import { ping } from './platform/database/database.sql.js'
import { whenDatabaseAnswers } from './platform/database/database.wait.js'
import { migrate, migrationsDirectory } from './platform/database/migrate.js'
import { openPglite } from './platform/database/pglite.open.js'
import { requireOwnSessions } from './platform/database/pool.sessions.js'
import { PostgresPool } from './platform/database/postgres.pool.js'
import { MAINTENANCE_LIMITS, requestLimits, setTransaction } from './platform/database/postgres.session.js'
import type { Logger } from './platform/log.js'
import { voidEffectLeases } from './platform/outbox/outbox.sql.js'

// One migrates or builds an index; another checks at start that sessions are kept.
const DIRECT_POOL_SIZE = 2

const SHARED_SESSIONS =
  'connects to a pooler in transaction mode, which assigns a connection for one transaction at a time. '
const POOL_ADVICE = `DATABASE_URL ${SHARED_SESSIONS}Set DATABASE_POOL_MODE=transaction, and DATABASE_DIRECT_URL to PostgreSQL itself.`
const DIRECT_ADVICE = `DATABASE_DIRECT_URL ${SHARED_SESSIONS}Set it to PostgreSQL itself.`

export interface OpenDatabase {
  db: Database
  /** publishes the URL of this process, which has the lock of the data directory, to other processes */
  announce(url: string): Promise<void>
  /** Aborts everything that the database has not answered. PGlite, in this process, always answers. */
  abandon(): void
}

export interface OpeningOptions {
  logger: Logger
  steps: StopSteps
  /** used as it is, and not closed */
  pool?: Pool
  /** aborts the wait for a database that does not answer */
  signal?: AbortSignal
}

/** Opens the configured database and migrates it to the newest schema. */
export async function openDatabase(config: Config, options: OpeningOptions): Promise<OpenDatabase> {
  const { logger, steps, pool } = options
  if (!pool && config.databaseUrl !== null) return openServer(config, config.databaseUrl, options)
  const lock = pool ? null : await acquireDataLock(config.dataDir)
  if (lock) steps.add(() => lock.release())
  const opened = pool ?? (await openDirectory(config, steps))
  const db = new Database(opened)
  steps.add(() => db.close())
  // Its pool ends before its last connection does, so errors are handled until that has closed.
  const ignore = listen(opened, logger)
  if (pool) steps.add(async () => ignore())
  await migrate(opened, migrationsDirectory())
  if (lock) await takeOver(db)
  return { db, announce: async (url) => lock?.announce({ url }), abandon: () => undefined }
}

async function openServer(
  { database }: Config,
  url: string,
  { logger, steps, signal }: OpeningOptions,
): Promise<OpenDatabase> {
  const { directUrl, connectTimeoutMs: connectMs } = database
  const limits = requestLimits(database.statementTimeoutMs, database.lockTimeoutMs)
  const keepsSessions = database.poolMode === 'session'
  const pool = new PostgresPool({
    url,
    size: database.poolSize,
    queueSize: database.queueSize,
    connectMs,
    limits,
    keepsSessions,
  })
  const direct = new PostgresPool({
    url: directUrl ?? url,
    size: DIRECT_POOL_SIZE,
    connectMs,
    limits: MAINTENANCE_LIMITS,
    keepsSessions: true,
  })
  for (const opened of [pool, direct]) {
    steps.add(() => opened.close())
    listen(opened, logger)
  }
  const db = new Database(pool, {
    direct,
    transactionSettings: keepsSessions ? null : setTransaction(limits),
  })
  steps.add(() => db.close())
  const open = async () => {
    if (keepsSessions) await requireOwnSessions(pool, POOL_ADVICE)
    else await db.query(ping())
    if (directUrl !== null) await requireOwnSessions(direct, DIRECT_ADVICE)
    await migrate(direct, migrationsDirectory())
  }
  await whenDatabaseAnswers(open, database.startWaitMs, logger, signal)
  return {
    db,
    announce: async () => undefined,
    abandon: () => {
      for (const opened of [pool, direct]) opened.abandon()
    },
  }
}

async function openDirectory({ dataDir }: Config, steps: StopSteps): Promise<Pool> {
  const { pool, close } = await openPglite({ directory: join(dataDir, 'database') })
  steps.add(close)
  return pool
}

/** A broken idle connection is replaced; without a listener its error would end the process. */
function listen(pool: Pool, logger: Logger): () => void {
  const onBroken = (error: Error) => logger.warn({ err: error }, 'an idle database connection broke')
  pool.on('error', onBroken)
  return () => void pool.off('error', onBroken)
}

/** Only one process uses a data directory: leases found in it belong to a previous process, and are released. */
async function takeOver(db: Database): Promise<void> {
  await db.query(voidLeases())
  await db.query(voidBatchLeases())
  await db.query(voidEffectLeases())
}
