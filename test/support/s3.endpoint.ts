import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'

/** What a request is: `uploads` begins an upload in parts, `complete` and `abort` end it. */
export type S3Action = 'put' | 'get' | 'delete' | 'uploads' | 'part' | 'complete' | 'abort'

interface Refusal {
  status: number
  times: number
}

/** A server of its own that takes the place of an S3-compatible store: it keeps objects, or fails as told. */
export class FakeS3Endpoint {
  /** by `bucket/key` */
  readonly objects = new Map<string, Buffer>()
  readonly actions: S3Action[] = []
  /** called before an action is answered, which waits for it */
  before: (action: S3Action) => Promise<void> = async () => undefined
  readonly #refusals = new Map<S3Action, Refusal>()
  readonly #uploads = new Map<string, Map<number, Buffer>>()
  readonly #server: Server

  constructor() {
    this.#server = createServer((request, response) => {
      this.#handle(request, response).catch((error: Error) => response.destroy(error))
    })
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** Uploads in parts that were begun and neither completed nor aborted. */
  get openUploads(): number {
    return this.#uploads.size
  }

  /** The next requests of this kind are refused; a client may try each a few times. */
  fail(action: S3Action, status: number, times = Number.POSITIVE_INFINITY): void {
    this.#refusals.set(action, { status, times })
  }

  recover(): void {
    this.#refusals.clear()
  }

  listen(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.listen(0, '127.0.0.1', resolve)
    })
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => {
      this.#server.close(resolve)
    })
    this.#server.closeAllConnections()
    await closed
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '/', this.url)
    const action = actionOf(request.method ?? '', searchParams)
    this.actions.push(action)
    const body = await buffer(request)
    await this.before(action)
    const refusal = this.#refusals.get(action)
    if (!request.headers.authorization?.startsWith('AWS4-HMAC-SHA256 ')) {
      refuse(response, 403)
    } else if (refusal && refusal.times > 0) {
      refusal.times -= 1
      refuse(response, refusal.status)
    } else {
      this.#answer(action, decodeURIComponent(pathname.slice(1)), searchParams, body, response)
    }
  }

  #answer(
    action: S3Action,
    key: string,
    query: URLSearchParams,
    body: Buffer,
    response: ServerResponse,
  ): void {
    const uploadId = query.get('uploadId') ?? `upload-${this.actions.length}`
    const parts = this.#uploads.get(uploadId) ?? new Map<number, Buffer>()
    const object = this.objects.get(key)
    if (action === 'get' && !object) {
      refuse(response, 404, 'NoSuchKey')
      return
    }
    if (action === 'put') this.objects.set(key, body)
    if (action === 'delete') this.objects.delete(key)
    if (action === 'uploads') this.#uploads.set(uploadId, parts)
    if (action === 'part') parts.set(Number(query.get('partNumber')), body)
    if (action === 'complete') this.objects.set(key, join(parts))
    if (action === 'complete' || action === 'abort') this.#uploads.delete(uploadId)
    response.writeHead(action === 'delete' || action === 'abort' ? 204 : 200, { etag: '"an-etag"' })
    response.end(action === 'get' ? object : replyTo(action, uploadId))
  }
}

export async function startS3Endpoint(): Promise<FakeS3Endpoint> {
  const endpoint = new FakeS3Endpoint()
  await endpoint.listen()
  return endpoint
}

function actionOf(method: string, query: URLSearchParams): S3Action {
  if (method === 'POST') return query.has('uploads') ? 'uploads' : 'complete'
  if (method === 'PUT') return query.has('partNumber') ? 'part' : 'put'
  if (method === 'GET') return 'get'
  return query.has('uploadId') ? 'abort' : 'delete'
}

function join(parts: ReadonlyMap<number, Buffer>): Buffer {
  const numbers = [...parts.keys()].toSorted((a, b) => a - b)
  return Buffer.concat(numbers.map((number) => parts.get(number) ?? Buffer.of()))
}

function replyTo(action: S3Action, uploadId: string): string {
  if (action === 'uploads') {
    return `<InitiateMultipartUploadResult><UploadId>${uploadId}</UploadId></InitiateMultipartUploadResult>`
  }
  return action === 'complete'
    ? '<CompleteMultipartUploadResult><ETag>"an-etag"</ETag></CompleteMultipartUploadResult>'
    : ''
}

function refuse(response: ServerResponse, status: number, code = 'Refused'): void {
  response.writeHead(status, { 'content-type': 'application/xml' })
  response.end(`<Error><Code>${code}</Code><Message>Refused by the test</Message></Error>`)
}
