import { join } from 'node:path'
import type { Pool } from 'pg'
import type { StopSteps } from './app.stop.js'
import { voidLeases } from './features/embeddings/claim.sql.js'
import { voidBatchLeases } from './features/purge/deletion.batch.sql.js'
import type { Config } from './platform/config.js'
import { acquireDataLock } from './platform/data.lock.js'
import { Database } from './platform/database.js'
import { ping } from './platform/database.sql.js'
import { whenDatabaseAnswers } from './platform/database.wait.js'
import type { Logger } from './platform/log.js'
import { migrate, migrationsDirectory } from './platform/migrate.js'
import { voidEffectLeases } from './platform/outbox.sql.js'
import { openPglite } from './platform/pglite.open.js'
import { requireOwnSessions } from './platform/pool.sessions.js'
import { PostgresPool } from './platform/postgres.pool.js'
import { MAINTENANCE_LIMITS, requestLimits, setTransaction } from './platform/postgres.session.js'

// One migrates or builds an index; another shows at the start that sessions are kept.
const DIRECT_POOL_SIZE = 2

const SHARED_SESSIONS = 'leads to a connection pooler that lends its connections for one transaction each. '
const POOL_ADVICE = `DATABASE_URL ${SHARED_SESSIONS}Set DATABASE_POOL_MODE=transaction, and DATABASE_DIRECT_URL to PostgreSQL itself.`
const DIRECT_ADVICE = `DATABASE_DIRECT_URL ${SHARED_SESSIONS}Set it to PostgreSQL itself.`

export interface OpenDatabase {
  db: Database
  /** tells other processes where the one that holds the data directory answers */
  announce(url: string): Promise<void>
  /** Gives up whatever the database has not answered yet. PGlite, in this process, always answers. */
  abandon(): void
}

export interface OpeningOptions {
  logger: Logger
  steps: StopSteps
  /** used as it is, and not closed */
  pool?: Pool
  /** ends the wait for a database that does not answer */
  signal?: AbortSignal
}

/** Opens the database that is configured and brings it to the newest schema. */
export async function openDatabase(config: Config, options: OpeningOptions): Promise<OpenDatabase> {
  const { logger, steps, pool } = options
  if (!pool && config.databaseUrl !== null) return openServer(config, config.databaseUrl, options)
  const lock = pool ? null : await acquireDataLock(config.dataDir)
  if (lock) steps.add(() => lock.release())
  const opened = pool ?? (await openDirectory(config, steps))
  const db = new Database(opened)
  steps.add(() => db.close())
  // Its own pool has ended before its last connection has: that is listened to until it is gone.
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
    ...{ url, size: database.poolSize, queueSize: database.queueSize },
    ...{ connectMs, limits, keepsSessions },
  })
  const direct = new PostgresPool({
    ...{ url: directUrl ?? url, size: DIRECT_POOL_SIZE, connectMs },
    ...{ limits: MAINTENANCE_LIMITS, keepsSessions: true },
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

/** A connection that breaks while nobody uses it is replaced; without a listener it would end the process. */
function listen(pool: Pool, logger: Logger): () => void {
  const onBroken = (error: Error) => logger.warn({ err: error }, 'an idle database connection broke')
  pool.on('error', onBroken)
  return () => void pool.off('error', onBroken)
}

/** The data directory has one process at a time: leases in it are of one that is gone, and need not be waited for. */
async function takeOver(db: Database): Promise<void> {
  await db.query(voidLeases())
  await db.query(voidBatchLeases())
  await db.query(voidEffectLeases())
}
