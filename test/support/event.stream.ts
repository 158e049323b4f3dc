import type { Json, TestClient } from './client.js'
import { documentOf } from './operations.js'

export interface StreamEvent {
  event: string
  data: Json
}

/** One operation over server-sent events, read as its bytes come. */
export class TestEventStream implements AsyncDisposable {
  readonly #abort = new AbortController()
  #reader: ReadableStreamDefaultReader<string> | null = null
  #text = ''

  constructor(private readonly client: TestClient) {}

  async open(nameOrDocument: string, variables: Record<string, unknown> = {}): Promise<Response> {
    const response = await fetch(`${this.client.url}/stream`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'text/event-stream', ...this.client.headers },
      body: JSON.stringify({ query: documentOf(nameOrDocument), variables }),
      signal: this.#abort.signal,
    })
    if (response.ok) this.#reader = response.body?.pipeThrough(new TextDecoderStream()).getReader() ?? null
    return response
  }

  /** The next event; null once the stream has ended. */
  async next(): Promise<StreamEvent | null> {
    for (;;) {
      const end = this.#text.indexOf('\n\n')
      if (end >= 0) {
        const block = this.#text.slice(0, end)
        this.#text = this.#text.slice(end + 2)
        // A comment keeps the connection alive.
        if (!block.startsWith(':')) return read(block)
      } else if (!(await this.#fill())) return null
    }
  }

  async rest(): Promise<StreamEvent[]> {
    const events: StreamEvent[] = []
    for (let event = await this.next(); event !== null; event = await this.next()) events.push(event)
    return events
  }

  async #fill(): Promise<boolean> {
    const { value, done } = (await this.#reader?.read()) ?? { done: true, value: undefined }
    this.#text += value ?? ''
    return !done
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort()
  }
}

function read(block: string): StreamEvent {
  const [, event = '', data = ''] = /^event: (\w+)\ndata: ?(.*)$/.exec(block) ?? []
  return { event, data: data === '' ? null : JSON.parse(data) }
}
