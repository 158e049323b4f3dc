import { retryAfterMs } from '../workers/backoff.js'
import { readText } from './bounded.reply.js'

/** How a call of an outside service fails, and the few words about it that may be stored and shown. */

export interface OutboundService {
  /** begins each message: "The sandbox service" */
  readonly name: string
  /** a failed reply that is longer gives no reason */
  readonly reasonBytes: number
  /** Finds the cause in the body of a failed reply; '' where nothing in it is for people. */
  findReason(body: string): string
}

/** Its message names neither the service's address nor its key. */
export class OutboundError extends Error {
  override readonly name = 'OutboundError'

  constructor(
    message: string,
    /** of the reply; null when there was none, or not a whole one */
    readonly status: number | null = null,
    /** how long the service asks to be left alone; null when it names no time */
    readonly retryAfterMs: number | null = null,
    /** what the service says of its cause, as the end of a sentence: ": too long", or "." */
    readonly reason: string = '.',
  ) {
    super(message)
  }
}

const KEY_REFUSED = [401, 403]

export async function replyError(
  service: OutboundService,
  response: Response,
  secrets: readonly string[],
): Promise<OutboundError> {
  const { status } = response
  const waitMs = retryAfterMs(response.headers.get('retry-after'), Date.now())
  const reason = await reasonOf(service, response, secrets)
  // What a service says of a bad key often holds a part of it.
  if (KEY_REFUSED.includes(status)) {
    return new OutboundError(`${service.name} refused the key (${status}).`, status, waitMs)
  }
  return new OutboundError(`${service.name} answered with ${status}${reason}`, status, waitMs, reason)
}

/** A failure of the network. Shows only the code of its cause, because its message may contain URLs. */
export function unreachable({ name }: OutboundService, error: unknown): OutboundError {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  const code =
    cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? ` (${cause.code})` : ''
  return new OutboundError(`${name} cannot be reached${code}.`)
}

const REASON_CHARACTERS = 200

/** Short, on one line, without secrets; a body cut anywhere could end within a secret, so a long one says nothing. */
async function reasonOf(
  service: OutboundService,
  response: Response,
  secrets: readonly string[],
): Promise<string> {
  const body = await readText(response, service.reasonBytes).catch(() => null)
  let said = service.findReason(body ?? '')
  for (const secret of secrets) said = said.replaceAll(secret, '…')
  const line = said.replace(/[\s\p{C}]+/gu, ' ').trim()
  return line === '' ? '.' : `: ${line.slice(0, REASON_CHARACTERS)}`
}
