import { EmbedderUnavailableError } from './embedder.js'
import { failureOf, unreachable } from './embedding.failure.js'
import { readText } from './embedding.reply.js'

/**
 * One POST to an embedding endpoint: its address and key, its time limit, and the size of its replies. No error names
 * the address or the key, because errors are stored and shown to users.
 */
export class EmbeddingEndpoint {
  private readonly url: URL
  private readonly authorization: string | null
  private readonly closing = new AbortController()

  constructor(
    baseUrl: string,
    private readonly apiKey: string | undefined,
    private readonly timeoutMs: number,
  ) {
    this.url = new URL(baseUrl)
    this.url.pathname = `${this.url.pathname.replace(/\/+$/, '')}/embeddings`
    this.authorization = apiKey ? `Bearer ${apiKey}` : basicAuthorization(this.url)
    // fetch refuses an address with credentials, in a message that shows them.
    this.url.username = ''
    this.url.password = ''
  }

  /** The reply's JSON. Throws the signal's reason when the caller gives up, and otherwise one of the embedder's errors. */
  async post(body: unknown, maximumBytes: number, signal: AbortSignal): Promise<unknown> {
    signal.throwIfAborted()
    this.closing.signal.throwIfAborted()

    // One controller a call instead of AbortSignal.any, which on Node 20 leaks with a long-lived signal.
    const controller = new AbortController()
    const abort = () => controller.abort(signal.reason)
    const close = () => controller.abort(this.closing.signal.reason)
    const timeout = setTimeout(() => controller.abort(timeoutError()), this.timeoutMs)
    signal.addEventListener('abort', abort, { once: true })
    this.closing.signal.addEventListener('abort', close, { once: true })
    try {
      return await this.exchange(body, maximumBytes, controller.signal)
    } catch (error) {
      throw controller.signal.aborted ? controller.signal.reason : error
    } finally {
      clearTimeout(timeout)
      signal.removeEventListener('abort', abort)
      this.closing.signal.removeEventListener('abort', close)
    }
  }

  close(): void {
    this.closing.abort(new EmbedderUnavailableError('The embedder is closed.'))
  }

  private async exchange(body: unknown, maximumBytes: number, signal: AbortSignal): Promise<unknown> {
    const response = await this.send(body, signal)
    if (!response.ok) throw await failureOf(response, this.apiKey)
    const text = await readText(response, maximumBytes)
    try {
      return JSON.parse(text)
    } catch {
      throw new EmbedderUnavailableError('The embedding endpoint answered with something that is not JSON.')
    }
  }

  private async send(body: unknown, signal: AbortSignal): Promise<Response> {
    const headers = {
      'content-type': 'application/json',
      accept: 'application/json',
      ...(this.authorization && { authorization: this.authorization }),
    }
    try {
      // A redirect could carry the texts to where nobody configured: it is answered like any other failure.
      const request = {
        method: 'POST',
        headers,
        body: JSON.stringify(body),
        signal,
        redirect: 'manual',
      } as const
      return await fetch(this.url, request)
    } catch (error) {
      throw unreachable(error)
    }
  }
}

function basicAuthorization({ username, password }: URL): string | null {
  if (username === '' && password === '') return null
  const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
  return `Basic ${Buffer.from(credentials).toString('base64')}`
}

function timeoutError(): EmbedderUnavailableError {
  return new EmbedderUnavailableError('The embedding endpoint did not answer in time.')
}
