import type { Prisma } from '../../generated/prisma/client.js'
import type { Transaction } from '../database/database.js'
import type { RequestIds } from '../request.js'

/** Effects outside the database, their handlers and their failures. */

/** Something to do outside the database as a consequence of a change in it. */
export interface NewEffect {
  /** selects the handler: `<noun>.<verb>` */
  kind: string
  /** input of the handler, without secrets */
  payload: Prisma.InputJsonObject
  organizationId: string | null
  /** the request that caused it; null if none did */
  request: RequestIds | null
}

/** An effect as passed to its handler. */
export interface Effect {
  readonly id: string
  readonly kind: string
  readonly payload: Prisma.JsonObject
  readonly organizationId: string | null
  /** failed attempts so far */
  readonly attempts: number
  readonly requestId: string | null
  readonly traceId: string | null
  readonly correlationId: string | null
  readonly createdAt: Date
}

/** Carries out the effects of one kind. */
export interface EffectHandler {
  /**
   * Runs outside any transaction, and again after a failure or a crash, so it must be idempotent. It must end soon after
   * the signal is aborted. Any error it throws is retried, except PermanentFailure.
   */
  run(effect: Effect, signal: AbortSignal): Promise<void>
  /** Records the success, in the transaction that removes the effect from the outbox. */
  settled?(tx: Transaction, effect: Effect): Promise<void>
}

/** A temporary failure. Its message is stored: one sentence without secrets. */
export class RetryableFailure extends Error {
  constructor(
    message: string,
    /** earliest sensible time of a retry */
    readonly retryAfterMs: number | null = null,
  ) {
    super(message)
    this.name = 'RetryableFailure'
  }
}

/** A failure that retrying cannot fix: the effect is parked right away. Its message is stored. */
export class PermanentFailure extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'PermanentFailure'
  }
}
