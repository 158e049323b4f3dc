interface CodeFacts {
  /** of HTTP */
  status: number
  type: string
  /** seconds after which the same request may succeed */
  retryAfter?: number
}

/** The one table of error codes. Source: the error envelope of Aitronos' API. */
const CODES = {
  RESOURCE_NOT_FOUND: { status: 404, type: 'client_error' },
  INSUFFICIENT_PERMISSIONS: { status: 403, type: 'client_error' },
  VALIDATION_ERROR: { status: 422, type: 'validation_error' },
  CONFLICT: { status: 409, type: 'client_error' },
  UNAUTHENTICATED: { status: 401, type: 'authentication_error' },
  RATE_LIMITED: { status: 429, type: 'client_error' },
  QUOTA_EXCEEDED: { status: 403, type: 'client_error' },
  INTERNAL_SERVER_ERROR: { status: 500, type: 'server_error' },
  SERVICE_UNAVAILABLE: { status: 503, type: 'server_error', retryAfter: 1 },
} as const satisfies Record<string, CodeFacts>

export type ErrorCode = keyof typeof CODES

/** Strings, numbers and lists that the caller sent; never anything it could not know. */
export type ErrorDetails = Record<string, unknown>

export interface ErrorOptions {
  /** The cause in a few fixed words, for programs and logs: "Space not found". */
  systemMessage: string
  details?: ErrorDetails
  cause?: unknown
}

/** An error that a client may see whole. Everything else is masked as INTERNAL_SERVER_ERROR. */
export class HeddleError extends Error {
  readonly systemMessage: string
  readonly details: ErrorDetails

  constructor(
    readonly code: ErrorCode,
    message: string,
    options: ErrorOptions,
  ) {
    super(message, { cause: options.cause })
    this.name = 'HeddleError'
    this.systemMessage = options.systemMessage
    this.details = options.details ?? {}
  }

  get status(): number {
    return CODES[this.code].status
  }

  get type(): string {
    return CODES[this.code].type
  }

  /** seconds; undefined when trying again would not help */
  get retryAfter(): number | undefined {
    const facts: CodeFacts = CODES[this.code]
    return facts.retryAfter
  }
}

/** Missing and invisible are one reply, so that nobody learns which ids exist. `what` is a noun: "Thread". */
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

export function forbidden(systemMessage: string, message: string, details: ErrorDetails): HeddleError {
  return new HeddleError('INSUFFICIENT_PERMISSIONS', message, { systemMessage, details })
}

export function invalid(message: string, details: ErrorDetails = {}): HeddleError {
  return new HeddleError('VALIDATION_ERROR', message, { systemMessage: message, details })
}

export function conflict(message: string, systemMessage: string, details: ErrorDetails = {}): HeddleError {
  return new HeddleError('CONFLICT', message, { systemMessage, details })
}

export function unauthenticated(systemMessage: string): HeddleError {
  return new HeddleError('UNAUTHENTICATED', 'Sign in with an API key or a token that is valid.', {
    systemMessage,
  })
}
