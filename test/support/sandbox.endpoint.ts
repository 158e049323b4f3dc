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

// Of a test file: the same at whichever endpoint they are asked for.
const ORGANIZATIONS = new Map<string, string>()

/** From now on there is such a sandbox, made for this organization. */
export function labelSandbox(sandboxId: string, organizationId: string): void {
  ORGANIZATIONS.set(sandboxId, organizationId)
}

/**
 * A server of its own that takes the place of the sandbox service: it tells whose a sandbox is, and deletes what it is asked
 * to, or fails as told.
 */
export class FakeSandboxEndpoint {
  /** all but the lookups */
  readonly requests: SandboxRequest[] = []
  /** ids of the sandboxes that were asked for, in that order */
  readonly lookups: string[] = []
  /** ids of the sandboxes that were deleted, in that order */
  readonly deletions: string[] = []
  private readonly failures: Answer[] = []
  private readonly lookupAnswers: (Answer | 'none')[] = []
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

  /** The next lookup is answered with this, or not at all. */
  answerNextLookup(status: number | 'none', body = ''): void {
    this.lookupAnswers.push(status === 'none' ? status : { status, headers: {}, body })
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
    const id = /^\/api\/sandbox\/([^/?]+)$/.exec(url)?.[1]
    if (method === 'GET' && id !== undefined) {
      this.lookUp(decodeURIComponent(id), response)
      return
    }
    this.requests.push({ method, path: url, authorization: headers.authorization })
    if (this.isHanging) return
    const failure = this.failures.shift()
    if (failure) {
      response.writeHead(failure.status, failure.headers)
      response.end(failure.body)
      return
    }
    if (method === 'DELETE' && id !== undefined) this.deletions.push(decodeURIComponent(id))
    response.writeHead(method === 'DELETE' && id !== undefined ? 200 : 404)
    response.end()
  }

  private lookUp(id: string, response: ServerResponse): void {
    this.lookups.push(id)
    const answer = this.lookupAnswers.shift()
    if (answer === 'none') return
    const organizationId = ORGANIZATIONS.get(id)
    response.writeHead(answer?.status ?? (organizationId === undefined ? 404 : 200), answer?.headers)
    const labels = { 'heddle-organization': organizationId }
    response.end(answer?.body ?? JSON.stringify({ id, labels }))
  }
}

export async function startSandboxEndpoint(): Promise<FakeSandboxEndpoint> {
  const endpoint = new FakeSandboxEndpoint()
  await endpoint.listen()
  return endpoint
}
