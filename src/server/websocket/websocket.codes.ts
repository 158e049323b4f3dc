/** Close codes of WebSockets. Sources: RFC 6455, the `graphql-transport-ws` protocol. */
export const CloseCodes = {
  goingAway: 1001,
  messageTooBig: 1009,
  /** a retry may succeed later */
  tryAgainLater: 1013,
  badRequest: 4400,
  /** the credential is invalid, or has expired */
  forbidden: 4403,
  internalError: 4500,
} as const

export interface Closing {
  code: (typeof CloseCodes)[keyof typeof CloseCodes]
  /** at most 123 bytes */
  reason: string
}
