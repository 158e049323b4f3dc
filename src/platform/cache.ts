import { Redis } from 'ioredis'
import type { Logger } from './log.js'

/**
 * Keeps what is read often and changes seldom, for seconds. It is never in the way: what it cannot answer at once is
 * read from the database, and forgetting does not wait.
 */
export interface Cache {
  /** What is kept of these keys. */
  read(keys: readonly string[]): Promise<Map<string, string>>
  /** Keeps a value unless its key was forgotten since `read` did not find it. Never fails and never waits. */
  keep(key: string, value: string): void
  /** Never fails and never waits. */
  forget(key: string): void
  close(): Promise<void>
}

const KEEP_MS = 5_000
// A value that was read before the change that made it old must not be kept after it.
const BARRED_MS = 2_000
const MAX_ENTRIES = 10_000
const PATIENCE_MS = 50
const BARRED = ''

interface Entry {
  value: string
  until: number
}

/** Within this process. */
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

/** Shared by all nodes. While Redis is away or slow it is as if nothing were kept. */
export function createRedisCache(url: string, logger: Logger): Cache {
  const redis = new Redis(url, {
    commandTimeout: PATIENCE_MS,
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    keyPrefix: 'heddle:cache:',
  })
  redis.on('error', (error: Error) => logger.debug({ err: error }, 'the cache is away'))
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
