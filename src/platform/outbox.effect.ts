import type { Prisma } from '../generated/prisma/client.js'
import type { Transaction } from './database.js'
import type { RequestIds } from './request.js'

/** What an effect outside the database is, who carries it out, and how that may fail. */

/** Something to do outside the database because of what is done in it. */
export interface NewEffect {
  /** whose handler carries it out: `<noun>.<verb>` */
  kind: string
  /** what the handler needs, and no secrets */
  payload: Prisma.InputJsonObject
  organizationId: string | null
  /** the request that caused it; null when none did */
  request: RequestIds | null
}

/** An effect as its handler gets it. */
export interface Effect {
  readonly id: string
  readonly kind: string
  readonly payload: Prisma.JsonObject
  readonly organizationId: string | null
  /** failed tries so far */
  readonly attempts: number
  readonly requestId: string | null
  readonly traceId: string | null
  readonly correlationId: string | null
  readonly createdAt: Date
}

/** Carries out the effects of one kind. */
export interface EffectHandler {
  /**
   * Runs outside any transaction, and again when it failed or its process died: doing it twice must be as good as once.
   * It ends soon after the signal is aborted. What it throws is tried again, unless it is a PermanentFailure.
   */
  run(effect: Effect, signal: AbortSignal): Promise<void>
  /** Writes what follows from its success, in the transaction that takes the effect out of the outbox. */
  settled?(tx: Transaction, effect: Effect): Promise<void>
}

/** A failure that may pass. Its message is stored: one sentence without secrets. */
export class RetryableFailure extends Error {
  constructor(
    message: string,
    /** the soonest that another try makes sense */
    readonly retryAfterMs: number | null = null,
  ) {
    super(message)
    this.name = 'RetryableFailure'
  }
}

/** A failure that no further try can mend: the effect is parked at once. Its message is stored. */
export class PermanentFailure extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'PermanentFailure'
  }
}
