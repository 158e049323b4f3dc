import { Redis } from 'ioredis'
import type { Logger } from './log.js'

/**
 * Caches rarely changed values for seconds. Best effort: a miss or a slow cache falls back to the database, and
 * invalidation does not wait.
 */
export interface Cache {
  /** Cached values of these keys. */
  read(keys: readonly string[]): Promise<Map<string, string>>
  /** Stores a value unless its key was invalidated after `read` missed it. Never throws and never waits. */
  keep(key: string, value: string): void
  /** Never fails and never waits. */
  forget(key: string): void
  close(): Promise<void>
}

const KEEP_MS = 5_000
// A value read before an invalidation must not be stored after it.
const BARRED_MS = 2_000
const MAX_ENTRIES = 10_000
const PATIENCE_MS = 50
const BARRED = ''

interface Entry {
  value: string
  until: number
}

/** In-process cache. */
export function createMemoryCache(now: () => number = () => performance.now()): Cache {
  const entries = new Map<string, Entry>()
  const write = (key: string, value: string, lifetime: number) => {
    entries.delete(key)
    entries.set(key, { value, until: now() + lifetime })
    if (entries.size > MAX_ENTRIES) entries.delete(entries.keys().next().value as string)
  }
  const find = (key: string): string | null => {
    const entry = entries.get(key)
    return entry && entry.until > now() ? entry.value : null
  }
  return {
    read: async (keys) => new Map(keys.flatMap((key) => pairOf(key, find(key)))),
    keep: (key, value) => {
      if (find(key) === null) write(key, value, KEEP_MS)
    },
    forget: (key) => write(key, BARRED, BARRED_MS),
    close: async () => entries.clear(),
  }
}

/** Shared by all nodes. While Redis is unavailable or slow, every read is a miss. */
export function createRedisCache(url: string, logger: Logger): Cache {
  const redis = new Redis(url, {
    commandTimeout: PATIENCE_MS,
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    keyPrefix: 'heddle:cache:',
  })
  redis.on('error', (error: Error) => logger.debug({ err: error }, 'the cache is unavailable'))
  const ignore = (error: unknown) => logger.debug({ err: error }, 'the cache did not answer')
  return {
    read: async (keys) => {
      const values = await redis.mget([...keys]).catch((error: unknown) => {
        ignore(error)
        return []
      })
      return new Map(keys.flatMap((key, index) => pairOf(key, values[index] ?? null)))
    },
    keep: (key, value) => void redis.set(key, value, 'PX', KEEP_MS, 'NX').catch(ignore),
    forget: (key) => void redis.set(key, BARRED, 'PX', BARRED_MS).catch(ignore),
    close: async () => redis.disconnect(),
  }
}

function pairOf(key: string, value: string | null): [string, string][] {
  return value === null || value === BARRED ? [] : [[key, value]]
}
