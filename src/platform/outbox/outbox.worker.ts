import type { Database } from '../database/database.js'
import type { Bus } from '../events/bus.js'
import type { Logger } from '../log.js'
import { withinTime } from '../time.limit.js'
import { type Backoff, backoffMs } from '../workers/backoff.js'
import { LeaseLost } from '../workers/lease.js'
import { type LeasedWork, LeasedWorker, type LeasedWorkerOptions } from '../workers/leased.worker.js'
import { type EffectHandler, PermanentFailure, RetryableFailure } from './outbox.effect.js'
import { OUTBOX_TOPIC } from './outbox.js'
import {
  type ClaimedEffect,
  claimEffects,
  deleteEffect,
  type FailedTry,
  recordFailure,
  releaseEffect,
  renewEffect,
} from './outbox.sql.js'

/** Carries out the effects in the outbox; retries each until it succeeds or is parked. */

export type EffectHandlers = Readonly<Record<string, EffectHandler>>

export interface OutboxOptions extends LeasedWorkerOptions {
  /** milliseconds that one try may take */
  timeoutMs: number
  /** the try after whose failure an effect is parked */
  maxAttempts: number
  backoff: Backoff
}

const DEFAULTS: OutboxOptions = {
  leaseMs: 15_000,
  timeoutMs: 30_000,
  maxAttempts: 8,
  // Eight attempts have seven delays between them: with a factor of three the last upper bounds reach ten minutes.
  backoff: { baseMs: 1_000, maxMs: 600_000, factor: 3 },
  pollMs: 1_000,
  graceMs: 5_000,
  parallel: 4,
}

const MAX_ERROR = 300

export function createOutboxWorker(
  db: Database,
  bus: Bus,
  logger: Logger,
  handlers: EffectHandlers,
  options: Partial<OutboxOptions> = {},
): LeasedWorker<ClaimedEffect> {
  const all = { ...DEFAULTS, ...options }
  return new LeasedWorker(bus, logger, new OutboxWork(db, logger, handlers, all), all)
}

class OutboxWork implements LeasedWork<ClaimedEffect> {
  readonly name = 'outbox'
  readonly topic = OUTBOX_TOPIC

  constructor(
    private readonly db: Database,
    private readonly logger: Logger,
    private readonly handlers: EffectHandlers,
    private readonly options: OutboxOptions,
  ) {}

  claim(leaseId: string, limit: number): Promise<ClaimedEffect[]> {
    const kinds = Object.keys(this.handlers)
    return this.db.query(claimEffects(leaseId, this.options.leaseMs, kinds, limit))
  }

  async renew(effect: ClaimedEffect): Promise<boolean> {
    return (await this.db.query(renewEffect(effect, this.options.leaseMs))).length > 0
  }

  async run(effect: ClaimedEffect, signal: AbortSignal): Promise<void> {
    const { timeoutMs } = this.options
    const handler = this.handlers[effect.kind]
    if (!handler) throw new PermanentFailure(`Nothing carries out effects of the kind ${effect.kind}.`)
    const late = new RetryableFailure(`The effect did not end within ${timeoutMs} ms.`)
    await withinTime(timeoutMs, late, [signal], (limit) => handler.run(effect, limit))
    await this.db.transaction(async (tx) => {
      const deleted = await tx.query(deleteEffect(effect))
      if (deleted.length === 0) throw new LeaseLost()
      await handler.settled?.(tx, effect)
    })
  }

  release(effect: ClaimedEffect): Promise<unknown> {
    return this.db.query(releaseEffect(effect))
  }

  async fail(effect: ClaimedEffect, error: unknown): Promise<void> {
    const failure = this.#judge(effect, error)
    const isOurs = (await this.db.query(recordFailure(effect, failure))).length > 0
    const facts = { ...this.describe(effect), attempts: effect.attempts + 1, err: error }
    if (!isOurs) this.logger.warn(facts, 'effect failed after another worker took it over')
    else if (failure.isParked) this.logger.error(facts, 'effect parked: somebody must look at it')
    else this.logger.warn({ ...facts, delayMs: failure.delayMs }, 'effect failed; trying again')
  }

  describe({ id, kind, requestId, traceId, correlationId }: ClaimedEffect) {
    return { effectId: id, kind, requestId, traceId, correlationId }
  }

  #judge({ attempts }: ClaimedEffect, error: unknown): FailedTry {
    const { backoff, maxAttempts } = this.options
    const asked = error instanceof RetryableFailure ? (error.retryAfterMs ?? 0) : 0
    return {
      error: storable(error),
      delayMs: Math.max(backoffMs(attempts + 1, backoff), asked),
      isParked: error instanceof PermanentFailure || attempts + 1 >= maxAttempts,
    }
  }
}

/** Only of our own failures is it known that their words may be stored. */
function storable(error: unknown): string {
  if (error instanceof RetryableFailure || error instanceof PermanentFailure) {
    return error.message.replace(/[\s\p{C}]+/gu, ' ').slice(0, MAX_ERROR)
  }
  return `The effect failed unexpectedly (${error instanceof Error ? error.name.slice(0, 50) : typeof error}).`
}
