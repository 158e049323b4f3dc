import { z } from 'zod'
import { OutboundError, type OutboundService } from '../../platform/outbound/outbound.error.js'
import { EmbedderUnavailableError, EmbeddingRefusedError } from './embedder.js'

/** What each failure of an embedding endpoint means: the input is refused, or the endpoint is of no use for now. */

export const EMBEDDING_SERVICE: OutboundService = {
  name: 'The embedding endpoint',
  reasonBytes: 64 * 1024,
  findReason: messageIn,
}

const REFUSED: readonly (number | null)[] = [400, 413, 422]

export function toEmbedderError(error: unknown): unknown {
  if (!(error instanceof OutboundError)) return error
  const { status, message, reason, retryAfterMs } = error
  return REFUSED.includes(status)
    ? new EmbeddingRefusedError(`The embedding endpoint refused the input (${status})${reason}`)
    : new EmbedderUnavailableError(message, retryAfterMs)
}

/** OpenAI's form of an error, and those of the servers that imitate it. */
const errorBody = z.union([
  z.object({ error: z.object({ message: z.string() }) }).transform(({ error }) => error.message),
  z.object({ error: z.string() }).transform(({ error }) => error),
  z.object({ message: z.string() }).transform(({ message }) => message),
  z.object({ detail: z.string() }).transform(({ detail }) => detail),
])

/** Only a message in a form that is known: a proxy's page of HTML tells a user nothing. */
function messageIn(body: string): string {
  try {
    return errorBody.parse(JSON.parse(body))
  } catch {
    return ''
  }
}
