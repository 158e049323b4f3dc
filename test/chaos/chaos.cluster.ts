import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'vitest'
import { buildServer } from '../support/built.server.js'
import { TestClient } from '../support/client.js'
import { embeddingsBy } from '../support/crash.server.js'
import { openTestDatabase, type TestDatabase } from '../support/database.js'
import { type FakeEmbeddingEndpoint, startEmbeddingEndpoint } from '../support/embedding.endpoint.js'
import { eventually } from '../support/eventually.js'
import { findFreePort } from '../support/free.port.js'
import { JWT_SECRET } from '../support/tokens.js'
import { ChaosNode } from './chaos.node.js'
import { ChaosRedis } from './chaos.redis.js'

const NODES = 3
const DIMENSIONS = 64
const EMBEDDING_MS = 15

/** Both have vectors of one length, which the endpoint gives. */
export const MODELS = ['killed-in-its-work', 'another-model'] as const

const AT_WORK = `select query from pg_stat_activity
  where datname = current_database() and pid <> pg_backend_pid() and state <> 'idle' and backend_type = 'client backend'`

/** Nodes on one PostgreSQL database and one Redis, which nobody else uses. */
export class ChaosCluster implements AsyncDisposable {
  private constructor(
    readonly database: TestDatabase,
    readonly redis: ChaosRedis,
    readonly nodes: readonly ChaosNode[],
    private readonly endpoint: FakeEmbeddingEndpoint,
    private readonly directory: string,
  ) {}

  /** `start` starts its nodes. */
  static async open(): Promise<ChaosCluster> {
    await buildServer()
    const directory = await mkdtemp(join(tmpdir(), 'heddle-chaos-'))
    const database = await openTestDatabase()
    const redis = await ChaosRedis.start()
    const endpoint = await startEmbeddingEndpoint({ dimensions: DIMENSIONS })
    endpoint.delay(EMBEDDING_MS)
    const nodes: ChaosNode[] = []
    for (let count = 0; count < NODES; count++) {
      const port = await findFreePort()
      const environment = {
        PORT: String(port),
        DATA_DIR: directory,
        JWT_SECRET,
        LOG_LEVEL: 'fatal',
        DATABASE_URL: database.url ?? '',
        REDIS_URL: redis.url,
        ...embeddingsBy(endpoint),
        // A server takes a hundred connections by default, and other tests have theirs.
        DATABASE_POOL_SIZE: '10',
        EMBEDDING_MODELS: `${MODELS[1]}:${DIMENSIONS}`,
      }
      nodes.push(new ChaosNode(`http://127.0.0.1:${port}/graphql`, directory, environment))
    }
    return new ChaosCluster(database, redis, nodes, endpoint, directory)
  }

  async start(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.start()))
  }

  get urls(): string[] {
    return this.nodes.map(({ url }) => url)
  }

  get deaths(): string[] {
    return this.nodes.flatMap(({ deaths }) => deaths)
  }

  /** What ended by itself is started again, so that the run goes on; it is a fault all the same. */
  async revive(): Promise<void> {
    for (const node of this.nodes) if (await node.hasEnded()) await node.start()
  }

  /** Waits until no node is at work on what it was asked, by callers that may not have waited for it. */
  async settle(): Promise<void> {
    for (const { url } of this.nodes) await eventually(() => new TestClient(url, null).run('{ __typename }'))
    await eventually(async () => expect((await this.database.pool.query(AT_WORK)).rows).toEqual([]))
  }

  /** How often PostgreSQL ended one of two transactions that waited for each other. */
  async countDeadlocks(): Promise<number> {
    const { rows } = await this.database.pool.query(
      'select deadlocks::int as count from pg_stat_database where datname = current_database()',
    )
    return rows[0].count
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.kill()))
    await this.redis.kill()
    await this.endpoint.close()
    await this.database.close()
    await rm(this.directory, { recursive: true })
  }
}
