interface CodeFacts {
  /** HTTP status */
  status: number
  type: string
  /** seconds after which the same request may succeed */
  retryAfter?: number
}

/** The only table of error codes. Source: the error envelope of Aitronos' API. */
const CODES = {
  RESOURCE_NOT_FOUND: { status: 404, type: 'client_error' },
  INSUFFICIENT_PERMISSIONS: { status: 403, type: 'client_error' },
  VALIDATION_ERROR: { status: 422, type: 'validation_error' },
  CONFLICT: { status: 409, type: 'client_error' },
  UNAUTHENTICATED: { status: 401, type: 'authentication_error' },
  RATE_LIMITED: { status: 429, type: 'client_error' },
  PERSISTED_QUERY_NOT_SUPPORTED: { status: 400, type: 'client_error' },
  QUOTA_EXCEEDED: { status: 403, type: 'client_error' },
  INTERNAL_SERVER_ERROR: { status: 500, type: 'server_error' },
  SERVICE_UNAVAILABLE: { status: 503, type: 'server_error', retryAfter: 1 },
} as const satisfies Record<string, CodeFacts>

export type ErrorCode = keyof typeof CODES

/** Only strings, numbers and lists that the caller sent, or may know. */
export type ErrorDetails = Record<string, unknown>

export interface ErrorOptions {
  /** The cause in a few fixed words, for programs and logs: "Space not found". */
  systemMessage: string
  details?: ErrorDetails
  cause?: unknown
  /** HTTP status if it differs from the code's: 400, 405, 406, 413 or 415 if a whole request is rejected */
  status?: number
  /** seconds after which the same request may succeed, if it differs from the code's */
  retryAfter?: number | undefined
}

/** An error that is shown to clients unchanged. All others are masked as INTERNAL_SERVER_ERROR. */
export class HeddleError extends Error {
  readonly systemMessage: string
  readonly details: ErrorDetails
  readonly status: number
  /** seconds; undefined if a retry would not help */
  readonly retryAfter: number | undefined

  constructor(
    readonly code: ErrorCode,
    message: string,
    options: ErrorOptions,
  ) {
    super(message, { cause: options.cause })
    this.name = 'HeddleError'
    this.systemMessage = options.systemMessage
    this.details = options.details ?? {}
    const facts: CodeFacts = CODES[code]
    this.status = options.status ?? facts.status
    this.retryAfter = options.retryAfter ?? facts.retryAfter
  }

  get type(): string {
    return CODES[this.code].type
  }
}

/** Missing and invisible look the same, so that replies do not reveal which ids exist. `what` is a noun: "Thread". */
export function notFound(what: string, details: ErrorDetails): HeddleError {
  return new HeddleError(
    'RESOURCE_NOT_FOUND',
    `The ${what.toLowerCase()} does not exist, or you cannot see it.`,
    {
      systemMessage: `${what} not found`,
      details,
    },
  )
}

/** What belongs to something that the caller cannot see is as good as missing itself; other errors stay as they are. */
export function asMissing<Thrown>(thrown: Thrown, what: string, details: ErrorDetails): Thrown | HeddleError {
  const isInvisible = thrown instanceof HeddleError && thrown.code === 'RESOURCE_NOT_FOUND'
  return isInvisible ? notFound(what, details) : thrown
}

export function forbidden(systemMessage: string, message: string, details: ErrorDetails): HeddleError {
  return new HeddleError('INSUFFICIENT_PERMISSIONS', message, { systemMessage, details })
}

export function invalid(message: string, details: ErrorDetails = {}): HeddleError {
  return new HeddleError('VALIDATION_ERROR', message, { systemMessage: message, details })
}

/** For a request that is rejected as a whole, before any of its fields is executed. */
export function malformed(message: string, details: ErrorDetails = {}, status = 400): HeddleError {
  return new HeddleError('VALIDATION_ERROR', message, { systemMessage: message, details, status })
}

export function conflict(message: string, systemMessage: string, details: ErrorDetails = {}): HeddleError {
  return new HeddleError('CONFLICT', message, { systemMessage, details })
}

export function unauthenticated(systemMessage: string): HeddleError {
  return new HeddleError('UNAUTHENTICATED', 'Sign in with an API key or a token that is valid.', {
    systemMessage,
  })
}
