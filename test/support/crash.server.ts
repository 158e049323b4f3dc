import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Pool } from 'pg'
import { openPglite } from '../../src/platform/database/pglite.open.js'
import { buildServer } from './built.server.js'
import { type Exit, TestProcess } from './child.process.js'
import type { Json, TestClient } from './client.js'
import { openTestDatabase, type TestDatabase, testServerUrl } from './database.js'
import type { FakeEmbeddingEndpoint } from './embedding.endpoint.js'
import { findFreePort } from './free.port.js'
import { documentOf } from './operations.js'
import { fillDataDirectory } from './pglite.template.js'

const ENTRY = fileURLToPath(new URL('./crash.process.mjs', import.meta.url))

/** The configuration of a server that has its messages embedded there. */
export function embeddingsBy({ url, dimensions }: FakeEmbeddingEndpoint): Record<string, string> {
  return {
    EMBEDDING_PROVIDER: 'openai',
    EMBEDDING_BASE_URL: url,
    EMBEDDING_MODEL: 'killed-in-its-work',
    EMBEDDING_DIMENSIONS: String(dimensions),
  }
}

/** The built server as a process that is killed and comes back: at the same address, to the same database. */
export class CrashServer implements AsyncDisposable {
  #process: TestProcess | null = null

  private constructor(
    /** of the GraphQL endpoint */
    readonly url: string,
    private readonly directory: string,
    private readonly database: TestDatabase | null,
    private readonly environment: Record<string, string>,
  ) {}

  /** Builds the server and makes its database; `start` starts it. */
  static async open(environment: Record<string, string>): Promise<CrashServer> {
    await buildServer()
    const directory = await mkdtemp(join(tmpdir(), 'heddle-crash-'))
    const database = testServerUrl() ? await openTestDatabase() : null
    if (!database) await fillDataDirectory(directory)
    const port = await findFreePort()
    return new CrashServer(`http://127.0.0.1:${port}/graphql`, directory, database, {
      PORT: String(port),
      DATA_DIR: directory,
      DATABASE_URL: database?.url ?? '',
      LOG_LEVEL: 'error',
      ...environment,
    })
  }

  async start(): Promise<void> {
    const { directory, environment } = this
    this.#process = new TestProcess(ENTRY, { directory, environment })
    await this.#process.firstLine()
  }

  kill(): Promise<Exit> {
    return this.#running.kill('SIGKILL')
  }

  /** As an operator stops it. */
  stop(): Promise<Exit> {
    return this.#running.kill('SIGTERM')
  }

  /** Sends a mutation that is committed, and whose reply is lost with the process. @returns that reply */
  async crashBeforeReply(client: TestClient, nameOrDocument: string): Promise<Json> {
    const body = JSON.stringify({ query: documentOf(nameOrDocument) })
    // A compressed reply would leave in pieces.
    const headers = { 'x-crash-before-reply': 'true', 'accept-encoding': 'identity' }
    const reply = await client.post(body, headers).catch(() => null)
    if (reply) throw new Error(`The reply left: ${await reply.text()}`)
    const { signal } = await this.#running.exit
    if (signal !== 'SIGKILL') throw new Error(`It ended otherwise: ${this.#running.errors}`)
    return JSON.parse(this.#running.output.trim().split('\n').at(-1) ?? '')
  }

  /** The database of the server, which has stopped. */
  async withDatabase(check: (pool: Pool) => Promise<void>): Promise<void> {
    if (this.database) return check(this.database.pool)
    const { pool, close } = await openPglite({ directory: join(this.directory, 'database') })
    try {
      await check(pool)
    } finally {
      await close()
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process?.[Symbol.asyncDispose]()
    await this.database?.close()
    await rm(this.directory, { recursive: true })
  }

  get #running(): TestProcess {
    if (!this.#process) throw new Error('The server has not been started.')
    return this.#process
  }
}
