import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo } from 'node:net'
import { text as readText } from 'node:stream/consumers'
import { EmbeddingControls } from './embedding.controls.js'
import { hashedVector } from './hashed.vectors.js'

export interface EmbeddingRequest {
  path: string
  headers: IncomingHttpHeaders
  body: { model: string; input: string[]; encoding_format?: string; dimensions?: number }
}

/** Takes the place of the usual answer: `data` is the list of vectors it would have held. */
type Answer = (
  data: unknown[],
  request: EmbeddingRequest,
) => { status?: number; headers?: Record<string, string>; body: unknown }

/** A server of its own that speaks OpenAI's embeddings over HTTP; its vectors depend on the text alone. */
export class FakeEmbeddingEndpoint extends EmbeddingControls {
  readonly requests: EmbeddingRequest[] = []
  private answer: Answer = (data) => ({ body: { object: 'list', data } })
  private readonly server: Server

  constructor(readonly dimensions: number) {
    super()
    this.server = createServer((request, response) => {
      this.handle(request, response).catch((error: unknown) => response.destroy(error as Error))
    })
  }

  /** the base URL, to which a client adds `/embeddings` */
  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/v1`
  }

  answerWith(answer: Answer): void {
    this.answer = answer
  }

  listen(): Promise<void> {
    return new Promise((resolve) => {
      this.server.listen(0, '127.0.0.1', resolve)
    })
  }

  async close(): Promise<void> {
    this.resume()
    const closed = new Promise((resolve) => {
      this.server.close(resolve)
    })
    this.server.closeAllConnections()
    await closed
  }

  private async handle(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const body: EmbeddingRequest['body'] = JSON.parse(await readText(message))
    const request = { path: message.url ?? '', headers: message.headers, body }
    this.requests.push(request)
    const failure = await this.admit(body.input)
    if (failure) {
      const error = { message: `The request failed with ${failure.status}` }
      return send(response, failure.status, failure.headers, { error })
    }
    const data = body.input.map((text, index) => ({
      object: 'embedding',
      index,
      embedding: written(hashedVector(text, this.dimensions), body.encoding_format),
    }))
    const answer = this.answer(data, request)
    send(response, answer.status ?? 200, answer.headers ?? {}, answer.body)
  }
}

export async function startEmbeddingEndpoint(options: {
  dimensions: number
}): Promise<FakeEmbeddingEndpoint> {
  const endpoint = new FakeEmbeddingEndpoint(options.dimensions)
  await endpoint.listen()
  return endpoint
}

function written(vector: Float32Array, format: string | undefined): string | number[] {
  return format === 'base64' ? Buffer.from(vector.buffer).toString('base64') : [...vector]
}

/** A body that is a string is sent as it stands. */
function send(
  response: ServerResponse,
  status: number,
  headers: Record<string, string>,
  body: unknown,
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers })
  response.end(typeof body === 'string' ? body : JSON.stringify(body))
}
