import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

/** The way from Heddle to PostgreSQL, which can be cut, go silent, lose a reply, and come back. */
export class DatabaseProxy implements AsyncDisposable {
  /** connections that were not let through */
  refused = 0
  readonly #sockets = new Set<Socket>()
  readonly #server: Server
  #state: 'open' | 'cut' | 'silent' = 'open'
  #lost: string | null = null

  private constructor(private readonly target: URL) {
    this.#server = createServer((client) => this.#accept(client))
  }

  static async open(databaseUrl: string): Promise<DatabaseProxy> {
    const proxy = new DatabaseProxy(new URL(databaseUrl))
    proxy.#server.listen(0, '127.0.0.1')
    await once(proxy.#server, 'listening')
    return proxy
  }

  /** of the database, by this way */
  get url(): string {
    const { port } = this.#server.address() as AddressInfo
    return Object.assign(new URL(this.target), { hostname: '127.0.0.1', port: String(port) }).href
  }

  /** Connections end, and new ones end at once. */
  cut(): void {
    this.#state = 'cut'
    for (const socket of this.#sockets) socket.destroy()
  }

  /** Connections stay, and new ones are taken, but nothing comes through. */
  silence(): void {
    this.#state = 'silent'
    for (const socket of this.#sockets) socket.pause()
  }

  /** The next transaction that writes this text is committed, and its connection ends instead of the reply. */
  loseCommitOf(text: string): void {
    this.#lost = text
  }

  /** Lets everything through again, first what came meanwhile. */
  restore(): void {
    this.#state = 'open'
    for (const socket of this.#sockets) socket.resume()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut()
    this.#server.close()
    await once(this.#server, 'close')
  }

  #accept(client: Socket): void {
    if (this.#state === 'cut') {
      this.refused += 1
      client.on('error', () => undefined).destroy()
      return
    }
    const server = connect(Number(this.target.port || 5432), this.target.hostname)
    let isMeant = false
    let isLost = false
    this.#join(client, server, (data) => {
      if (this.#lost !== null && data.includes(this.#lost)) {
        this.#lost = null
        isMeant = true
      }
      isLost ||= isMeant && data.includes('commit')
      server.write(data)
    })
    this.#join(server, client, (data) => {
      if (isLost) client.destroy()
      else client.write(data)
    })
  }

  #join(from: Socket, to: Socket, pass: (data: Buffer) => void): void {
    this.#sockets.add(from)
    from.on('data', pass)
    from.on('error', () => undefined)
    from.on('close', () => {
      this.#sockets.delete(from)
      to.destroy()
    })
    if (this.#state === 'silent') from.pause()
  }
}
