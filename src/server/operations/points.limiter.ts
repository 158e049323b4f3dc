import { Redis } from 'ioredis'
import {
  type RateLimiterAbstract,
  RateLimiterMemory,
  RateLimiterRedis,
  RateLimiterRes,
} from 'rate-limiter-flexible'
import { HeddleError } from '../../platform/errors.js'
import type { Logger } from '../../platform/log.js'
import type { Holder } from '../holder.js'

const MINUTE_SECONDS = 60
const PATIENCE_MS = 50

/** A caller's remaining points of the current minute. */
export interface PointsLeft {
  readonly limit: number
  readonly remaining: number
  /** seconds until the full number is available again */
  readonly resetSeconds: number
}

export interface PointsPerMinute {
  user: number
  /** of an address without a credential */
  address: number
}

/** Limits the points that each caller's operations cost per minute; across all nodes with Redis. */
export class PointsLimiter {
  readonly #users: RateLimiterAbstract
  readonly #addresses: RateLimiterAbstract
  readonly #redis: Redis | null

  constructor(limits: PointsPerMinute, redisUrl: string | null, logger: Logger) {
    this.#redis = redisUrl === null ? null : openRedis(redisUrl, logger)
    this.#users = createLimiter('user', limits.user, this.#redis)
    this.#addresses = createLimiter('address', limits.address, this.#redis)
  }

  /** Throws RATE_LIMITED, with the seconds to wait, if too few are left. */
  async take({ userId, key }: Holder, points: number): Promise<PointsLeft> {
    const limiter = userId === null ? this.#addresses : this.#users
    try {
      return leftOf(limiter, await limiter.consume(key, points))
    } catch (refused) {
      if (refused instanceof RateLimiterRes) throw rateLimited(leftOf(limiter, refused), points)
      throw refused
    }
  }

  async close(): Promise<void> {
    this.#redis?.disconnect()
  }
}

function createLimiter(kind: string, points: number, redis: Redis | null): RateLimiterAbstract {
  const options = { keyPrefix: `heddle:points:${kind}`, points, duration: MINUTE_SECONDS }
  const inMemory = new RateLimiterMemory(options)
  // While Redis is unavailable or slow, each node counts separately.
  return redis
    ? new RateLimiterRedis({ ...options, storeClient: redis, insuranceLimiter: inMemory })
    : inMemory
}

function openRedis(url: string, logger: Logger): Redis {
  const redis = new Redis(url, {
    commandTimeout: PATIENCE_MS,
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
  })
  redis.on('error', (error: Error) => logger.debug({ err: error }, 'the store of rate limits is unavailable'))
  return redis
}

function leftOf(
  { points }: RateLimiterAbstract,
  { remainingPoints, msBeforeNext }: RateLimiterRes,
): PointsLeft {
  return {
    limit: points,
    remaining: Math.max(0, remainingPoints),
    resetSeconds: Math.ceil(Math.max(0, msBeforeNext) / 1_000),
  }
}

function rateLimited(left: PointsLeft, points: number): HeddleError {
  return new HeddleError(
    'RATE_LIMITED',
    `The operation costs ${points.toLocaleString('en')} points, more than remain of ${left.limit.toLocaleString('en')} per minute.`,
    {
      systemMessage: 'Too many points in a minute',
      details: { points, ...left },
      retryAfter: Math.max(1, left.resetSeconds),
    },
  )
}
