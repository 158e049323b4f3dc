import type { Pool } from 'pg'
import { type App, startApp } from '../../src/app.js'
import type { WorkerTimings } from '../../src/app.workers.js'
import type { Embedder } from '../../src/features/embedders/embedder.js'
import { loadConfig } from '../../src/platform/config/config.js'
import { TestClient } from './client.js'
import { openTestDatabase, type TestDatabase } from './database.js'
import { FakeEmbedder } from './fake.embedder.js'
import { LogLines } from './log.lines.js'
import { Seed } from './seed.js'
import { JWT_SECRET, signToken } from './tokens.js'

const API_KEY = 'hdl_key_of_the_tests_and_of_nobody_else'
// Short enough that no test waits for them, long enough that a busy machine keeps to them.
const TIMINGS: WorkerTimings = { backfill: { pollMs: 50, retryMs: 20 }, outbox: { pollMs: 50 } }

// A thousand calls at once wait for one another for longer than users would, and longer still on a busy machine.
const PATIENT = {
  DATABASE_STATEMENT_TIMEOUT_SECONDS: '240',
  DATABASE_LOCK_TIMEOUT_SECONDS: '120',
  DATABASE_CONNECT_TIMEOUT_SECONDS: '240',
  DATABASE_QUEUE_SIZE: '10000',
  OPERATION_TIMEOUT_SECONDS: '600',
  HEADERS_TIMEOUT_SECONDS: '600',
  REQUEST_TIMEOUT_SECONDS: '600',
}

export interface TestAppOptions<E extends Embedder = FakeEmbedder> {
  /** variables of the configuration; `undefined` takes one away */
  environment?: Record<string, string | undefined>
  embedder?: E
  /** further models, which spaces can be re-embedded to; not closed with the app */
  otherEmbedders?: readonly Embedder[]
  timings?: WorkerTimings
  /** shared with another app, as two nodes share theirs; not closed with this one */
  database?: TestDatabase
}

/** An app with a database of its own, listening on a free port: what a test talks to. */
export class TestApp<E extends Embedder = FakeEmbedder> implements AsyncDisposable {
  readonly seed: Seed

  constructor(
    private app: App,
    readonly database: TestDatabase,
    readonly embedder: E,
    readonly logs: LogLines,
    private readonly startAgain: () => Promise<App>,
    private readonly ownsDatabase: boolean,
  ) {
    this.seed = new Seed(this)
  }

  get url(): string {
    return this.app.url
  }

  get pool(): Pool {
    return this.database.pool
  }

  anonymous(): TestClient {
    return new TestClient(this.url, null)
  }

  /** A user signed in with a token. */
  async as(userId: string, claims: Record<string, unknown> = {}): Promise<TestClient> {
    const token = await signToken({ sub: userId, ...claims })
    return new TestClient(this.url, userId, { authorization: `Bearer ${token}` })
  }

  /** The first user, with the key that was configured. */
  withApiKey(key: string = API_KEY): TestClient {
    return new TestClient(this.url, 'user_bootstrap', { 'x-api-key': key })
  }

  /** Stops the app and starts it again on the same database, at another address. */
  async restart(): Promise<void> {
    await this.app.stop()
    this.app = await this.startAgain()
  }

  /** Stops the app; its database stays until the test is done with it. */
  stop(): Promise<void> {
    return this.app.stop()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.app.stop()
    await this.embedder.close()
    if (this.ownsDatabase) await this.database.close()
  }
}

export function startTestApp(options?: TestAppOptions): Promise<TestApp>
export function startTestApp<E extends Embedder>(options: TestAppOptions<E>): Promise<TestApp<E>>
export async function startTestApp(options: TestAppOptions<Embedder> = {}): Promise<TestApp<Embedder>> {
  const database = options.database ?? (await openTestDatabase())
  const embedder = options.embedder ?? new FakeEmbedder()
  const logs = new LogLines()
  const { pool, url } = database
  const config = loadConfig({
    JWT_SECRET,
    BOOTSTRAP_API_KEY: API_KEY,
    PORT: '0',
    DATABASE_URL: url ?? undefined,
    ...PATIENT,
    ...options.environment,
  })
  const timings = options.timings ?? TIMINGS
  // On a server the app has connections of its own, as it will have; a PGlite is reached through its one pool only.
  const shared = url === null ? { pool } : {}
  const embedders = [embedder, ...(options.otherEmbedders ?? [])] as const
  const start = () => startApp(config, { ...shared, embedders, logger: logs.logger, timings })
  try {
    return new TestApp(await start(), database, embedder, logs, start, !options.database)
  } catch (error) {
    if (!options.database) await database.close()
    throw error
  }
}
