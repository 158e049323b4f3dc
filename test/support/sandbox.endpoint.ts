import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface SandboxRequest {
  method: string
  path: string
  authorization: string | undefined
}

/** How the next request is answered instead of by what it asks for. */
interface Answer {
  status: number
  headers: Record<string, string>
  body: string
}

/** A server of its own that takes the place of the sandbox service: it deletes what it is asked to, or fails as told. */
export class FakeSandboxEndpoint {
  readonly requests: SandboxRequest[] = []
  /** ids of the sandboxes that were deleted, in that order */
  readonly deletions: string[] = []
  private readonly failures: Answer[] = []
  private readonly server: Server
  private isHanging = false

  constructor() {
    this.server = createServer((request, response) => this.handle(request, response))
  }

  /** the base URL, to which a client adds `/sandbox/{id}` */
  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/api`
  }

  /** The next request that has no answer yet gets this one, and deletes nothing. */
  failNext(status: number, headers: Record<string, string> = {}, body = ''): void {
    this.failures.push({ status, headers, body })
  }

  /** No request fails any more that was told to. */
  mend(): void {
    this.failures.length = 0
  }

  /** Requests get no answer from now on. */
  hang(): void {
    this.isHanging = true
  }

  /** Requests are answered again. */
  resume(): void {
    this.isHanging = false
  }

  /** On any free port, or on the one that it had before it was closed. */
  listen(port = 0): Promise<void> {
    return new Promise((resolve) => {
      this.server.listen(port, '127.0.0.1', resolve)
    })
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => {
      this.server.close(resolve)
    })
    this.server.closeAllConnections()
    await closed
  }

  private handle({ method = '', url = '', headers }: IncomingMessage, response: ServerResponse): void {
    this.requests.push({ method, path: url, authorization: headers.authorization })
    if (this.isHanging) return
    const failure = this.failures.shift()
    if (failure) {
      response.writeHead(failure.status, failure.headers)
      response.end(failure.body)
      return
    }
    const id = /^\/api\/sandbox\/([^/?]+)$/.exec(url)?.[1]
    if (method === 'DELETE' && id !== undefined) this.deletions.push(decodeURIComponent(id))
    response.writeHead(method === 'DELETE' && id !== undefined ? 200 : 404)
    response.end()
  }
}

export async function startSandboxEndpoint(): Promise<FakeSandboxEndpoint> {
  const endpoint = new FakeSandboxEndpoint()
  await endpoint.listen()
  return endpoint
}
