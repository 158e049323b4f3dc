// type-graphql reads the metadata API. Before any decorated class.
import 'reflect-metadata'

import { readFileSync } from 'node:fs'
import type { Pool } from 'pg'
import { openDatabase } from './app.database.js'
import { openStoredKey, type StoredKey } from './app.key.js'
import { startServer } from './app.server.js'
import { createServices, type Foundations } from './app.services.js'
import { StopSteps } from './app.stop.js'
import { createWorkers, type Worker, type WorkerTimings } from './app.workers.js'
import { createEmbedders } from './features/embedders/embedder.create.js'
import type { Embedder } from './features/embedders/embedder.js'
import { Embedders } from './features/embedders/embedders.js'
import { type Cache, createMemoryCache, createRedisCache } from './platform/cache.js'
import type { Config } from './platform/config/config.js'
import { warningsOf } from './platform/config/config.warnings.js'
import { type Bus, createMemoryBus, createRedisBus } from './platform/events/bus.js'
import { createLogger, type Logger } from './platform/log.js'

/** The composition root: builds and starts what the configuration asks for, and can stop it. */

export interface App {
  /** the GraphQL endpoint: `http://host:port/graphql` */
  readonly url: string
  /** the first user's key: BOOTSTRAP_API_KEY, or that of the embedded database; null if there is none */
  readonly apiKey: string | null
  /** this start has created the key */
  readonly isNewApiKey: boolean
  /** Accepts no more requests, finishes running ones, and closes everything. Idempotent. */
  stop(): Promise<void>
}

// Longer than the grace period of any worker.
const STOP_WORKERS_MS = 8_000

export interface AppOptions {
  /** default: the configuration's */
  port?: number
  logger?: Logger
  /** used as it is, and not closed; default: the configured database */
  pool?: Pool
  /** not closed; the first is used for new spaces; default: the configured ones */
  embedders?: readonly [Embedder, ...Embedder[]]
  timings?: WorkerTimings
  /** aborts a start that waits for its database */
  signal?: AbortSignal
}

export async function startApp(config: Config, options: AppOptions = {}): Promise<App> {
  const steps = new StopSteps()
  try {
    return await start(config, options, steps)
  } catch (error) {
    await steps.run().catch(() => undefined)
    throw error
  }
}

async function start(config: Config, options: AppOptions, steps: StopSteps): Promise<App> {
  const logger = options.logger ?? createLogger(config.logLevel)
  for (const warning of warningsOf(config)) logger.warn({ about: 'configuration' }, warning)
  const { db, announce, abandon } = await openDatabase(config, { ...options, logger, steps })
  const bus = openBus(config, logger)
  steps.add(() => bus.close())
  const cache = openCache(config, logger)
  steps.add(() => cache.close())
  const embedders = openEmbedders(config, options)
  if (!options.embedders) steps.add(() => embedders.close())
  const foundations: Foundations = { config, db, bus, cache, embedders, serverVersion: readVersion() }
  const services = createServices(foundations)
  const firstKey = await openFirstKey(config, options.pool)
  if (firstKey) await services.authenticator.bootstrap(firstKey.key)
  const workers =
    config.role === 'api' ? [] : createWorkers(foundations, services, logger, options.timings ?? {})
  steps.add(() => stopWorkers(workers, abandon))
  const url = await startServer(foundations, services, options.port ?? config.port, logger, steps)
  await announce(url)
  for (const worker of workers) worker.start()
  return {
    url,
    apiKey: firstKey?.key ?? null,
    isNewApiKey: firstKey?.isNew ?? false,
    stop: () => steps.run(),
  }
}

/** When the grace period is over, waits for the database are aborted; the leases they were about expire. */
async function stopWorkers(workers: readonly Worker[], abandonDatabase: () => void): Promise<void> {
  const timer = setTimeout(abandonDatabase, STOP_WORKERS_MS)
  await Promise.all(workers.map((worker) => worker.stop()))
  clearTimeout(timer)
}

async function openFirstKey(config: Config, pool: Pool | undefined): Promise<StoredKey | null> {
  if (config.bootstrapApiKey !== null) return { key: config.bootstrapApiKey, isNew: false }
  return config.databaseUrl === null && !pool ? openStoredKey(config.dataDir) : null
}

function openBus({ redisUrl }: Config, logger: Logger): Bus {
  return redisUrl === null ? createMemoryBus() : createRedisBus(redisUrl, logger)
}

function openCache({ redisUrl }: Config, logger: Logger): Cache {
  return redisUrl === null ? createMemoryCache() : createRedisCache(redisUrl, logger)
}

function openEmbedders({ embedding }: Config, { embedders }: AppOptions): Embedders {
  if (!embedders) return createEmbedders(embedding)
  const [standard, ...others] = embedders
  return new Embedders(standard, others)
}

function readVersion(): string {
  return JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).version
}
