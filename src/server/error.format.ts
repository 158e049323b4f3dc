import { GraphQLError, type GraphQLFormattedError } from 'graphql'
import type { HeddleError } from '../platform/errors.js'
import type { Logger } from '../platform/log.js'
import type { RequestInfo } from '../platform/request.js'
import { toHeddleError } from './error.causes.js'
import { OperationRefusal } from './operations/operation.refusal.js'

/** The `extensions` of every error. Source: the error envelope of Aitronos' API. */
export interface ErrorEnvelope extends Record<string, unknown> {
  code: string
  /** for people; the same as the error's message */
  message: string
  /** the cause in a few fixed words, for programs */
  systemMessage: string
  type: string
  status: number
  /** ids and values that the caller sent */
  details: Record<string, unknown>
  traceId: string
  timestamp: string
  /** seconds after which the same request may succeed, as in HTTP's Retry-After; absent if a retry would not help */
  retryAfter?: number
}

export type EnvelopedError = GraphQLFormattedError & { extensions: ErrorEnvelope }

/** The only place that turns what was thrown into what a client sees. Unexpected errors are masked, and logged once. */
export class ErrorFormatter {
  // Apollo and graphql-ws pass errors on without the request that they belong to.
  readonly #requests = new WeakMap<object, RequestInfo>()
  readonly #logged = new WeakSet<object>()

  constructor(private readonly logger: Logger) {}

  format(thrown: unknown, request: RequestInfo): EnvelopedError {
    const error = toHeddleError(thrown)
    this.#log(error, request)
    return { ...placeOf(thrown), message: error.message, extensions: envelope(error, request) }
  }

  /** Formats why an operation is not run: one error, or all problems of its document. */
  formatAll(thrown: unknown, request: RequestInfo): EnvelopedError[] {
    const errors = thrown instanceof OperationRefusal ? thrown.errors : [thrown]
    return errors.map((error) => this.format(error, request))
  }

  /** Records which request these errors belong to, for `formatClaimed`. */
  claim(errors: readonly object[], request: RequestInfo): void {
    for (const error of errors) this.#requests.set(error, request)
  }

  /** null if no request claimed the error. */
  formatClaimed(error: unknown): EnvelopedError | null {
    const request = typeof error === 'object' && error !== null ? this.#requests.get(error) : undefined
    return request ? this.format(error, request) : null
  }

  #log(error: HeddleError, { traceId, requestId, correlationId }: RequestInfo): void {
    if (error.status < 500) return
    const cause = error.cause ?? error
    // One failure can reach many fields: every load of a batch is rejected with the same error.
    if (typeof cause === 'object' && cause !== null) {
      if (this.#logged.has(cause)) return
      this.#logged.add(cause)
    }
    const entry = { err: cause, traceId, requestId, correlationId, code: error.code }
    if (error.code === 'INTERNAL_SERVER_ERROR') this.logger.error(entry, 'unexpected error')
    else this.logger.warn(entry, error.systemMessage)
  }
}

function envelope(error: HeddleError, request: RequestInfo): ErrorEnvelope {
  const { code, message, systemMessage, type, status, details, retryAfter } = error
  const timestamp = new Date().toISOString()
  return {
    code,
    message,
    systemMessage,
    type,
    status,
    details,
    traceId: request.traceId,
    timestamp,
    ...(retryAfter !== undefined && { retryAfter }),
  }
}

/** The location in the document, and the path of the field. */
function placeOf(thrown: unknown): Pick<GraphQLFormattedError, 'locations' | 'path'> {
  if (!(thrown instanceof GraphQLError)) return {}
  const { locations, path } = thrown
  return { ...(locations && { locations }), ...(path && { path }) }
}
