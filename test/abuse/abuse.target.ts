import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildServer } from '../support/built.server.js'
import { TestProcess } from '../support/child.process.js'
import { TestClient } from '../support/client.js'
import { eventually } from '../support/eventually.js'
import { RawSocket } from '../support/raw.socket.js'
import { Seed } from '../support/seed.js'
import { JWT_SECRET, signToken } from '../support/tokens.js'

const ENTRY = fileURLToPath(new URL('../support/abuse.process.mjs', import.meta.url))

/** A server with a small heap, and what attacks on it were answered with. */
export class AbuseTarget implements AsyncDisposable {
  /** of HTTP, and of errors over WebSocket */
  readonly statuses: number[] = []
  readonly seed = new Seed(this)
  readonly #sockets: RawSocket[] = []

  private constructor(
    readonly url: string,
    private readonly server: TestProcess,
    private readonly directory: string,
  ) {}

  static async start(): Promise<AbuseTarget> {
    await buildServer()
    const directory = await mkdtemp(join(tmpdir(), 'heddle-abuse-'))
    const server = new TestProcess(ENTRY, {
      directory,
      environment: {
        PORT: '0',
        DATA_DIR: 'data',
        JWT_SECRET,
        LOG_LEVEL: 'error',
        NODE_OPTIONS: '--max-old-space-size=512',
      },
    })
    return new AbuseTarget(await server.printed(/http:\S+(?=\n)/), server, directory)
  }

  async as(userId: string): Promise<TestClient> {
    return new TestClient(this.url, userId, { authorization: `Bearer ${await signToken({ sub: userId })}` })
  }

  anonymous(): TestClient {
    return new TestClient(this.url, null)
  }

  /** Sends a body; a connection that the server ends is an answer too. */
  async post(client: TestClient, body: string): Promise<void> {
    try {
      const response = await client.post(body)
      this.statuses.push(response.status)
      await response.arrayBuffer()
    } catch {
      this.statuses.push(0)
    }
  }

  ask(client: TestClient, query: string, variables: Record<string, unknown> = {}): Promise<void> {
    return this.post(client, JSON.stringify({ query, variables }))
  }

  async open(client?: TestClient): Promise<RawSocket> {
    const socket = await RawSocket.open(this.url)
    this.#sockets.push(socket)
    return client ? socket.init(client.headers) : socket
  }

  async closeSockets(): Promise<void> {
    const open = this.#sockets.splice(0)
    for (const socket of open) socket.close()
    await Promise.all(open.map(({ closed }) => closed))
  }

  /** Bytes that are in use once garbage is collected. */
  async memory(): Promise<number> {
    const said = () => this.server.output.match(/^memory \d+$/gm) ?? []
    const before = said().length
    process.kill(this.server.pid, 'SIGUSR2')
    await eventually(() => {
      if (said().length <= before) throw new Error('It has not said yet')
    })
    return Number(said().at(-1)?.slice('memory '.length))
  }

  /** What it complained of, and how it ended if it did. */
  get complaints(): string {
    return `${this.server.errors}${this.server.output.match(/^\{.*"level":[56]0.*$/gm)?.join('\n') ?? ''}`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.closeSockets()
    await this.server[Symbol.asyncDispose]()
    await rm(this.directory, { recursive: true })
  }
}
