import { z } from 'zod'
import { retryAfterMs } from '../../platform/backoff.js'
import { EmbedderUnavailableError, EmbeddingRefusedError } from './embedder.js'
import { readText } from './embedding.reply.js'

/** What each failure of an embedding endpoint means: the input is refused, or the endpoint is of no use for now. */

export async function failureOf(
  response: Response,
  apiKey: string | undefined,
): Promise<EmbeddingRefusedError | EmbedderUnavailableError> {
  const { status } = response
  const waitMs = retryAfterMs(response.headers.get('retry-after'), Date.now())
  const reason = await reasonOf(response, apiKey)
  if (status === 400 || status === 413 || status === 422) {
    return new EmbeddingRefusedError(`The embedding endpoint refused the input (${status})${reason}`)
  }
  // What an endpoint says of a bad key often holds a part of it.
  if (status === 401 || status === 403) {
    return new EmbedderUnavailableError(`The embedding endpoint refused the key (${status}).`, waitMs)
  }
  return new EmbedderUnavailableError(`The embedding endpoint answered with ${status}${reason}`, waitMs)
}

/** A failure of the network. Of its cause only the code is told: messages there hold addresses. */
export function unreachable(error: unknown): EmbedderUnavailableError {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  const code =
    cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? ` (${cause.code})` : ''
  return new EmbedderUnavailableError(`The embedding endpoint cannot be reached${code}.`)
}

const REASON_BYTES = 64 * 1024
const REASON_CHARACTERS = 200

/** OpenAI's form of an error, and those of the servers that imitate it. */
const errorBody = z.union([
  z.object({ error: z.object({ message: z.string() }) }).transform(({ error }) => error.message),
  z.object({ error: z.string() }).transform(({ error }) => error),
  z.object({ message: z.string() }).transform(({ message }) => message),
  z.object({ detail: z.string() }).transform(({ detail }) => detail),
])

/** What the endpoint says of its failure: short, on one line, without the key. */
async function reasonOf(response: Response, apiKey: string | undefined): Promise<string> {
  const said = await readText(response, REASON_BYTES).then(messageIn, () => '')
  const safe = apiKey ? said.replaceAll(apiKey, '…') : said
  const line = safe.replace(/[\s\p{C}]+/gu, ' ').trim()
  return line === '' ? '.' : `: ${line.slice(0, REASON_CHARACTERS)}`
}

/** Only a message in a form that is known: a proxy's page of HTML tells a user nothing. */
function messageIn(body: string): string {
  try {
    return errorBody.parse(JSON.parse(body))
  } catch {
    return ''
  }
}
