import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { startTestApp, type TestApp } from './support/app.js'
import type { Reply } from './support/client.js'
import { openTestDatabase, type TestDatabase, testServerUrl } from './support/database.js'
import { DatabaseProxy } from './support/database.proxy.js'
import { eventually } from './support/eventually.js'
import { IDLE_WORKERS } from './support/idle.workers.js'

/** Rules of a node whose PostgreSQL answers more slowly than requests come. */

const CONNECTIONS = 2
const QUEUE = 10
const REQUESTS = 60

let database: TestDatabase
let proxy: DatabaseProxy
let app: TestApp

describe.runIf(testServerUrl())('on PostgreSQL', () => {
  beforeEach(async () => {
    database = await openTestDatabase()
    proxy = await DatabaseProxy.open(database.url as string)
    const limits = { DATABASE_POOL_SIZE: String(CONNECTIONS), DATABASE_QUEUE_SIZE: String(QUEUE) }
    app = await startTestApp({
      database,
      environment: { DATABASE_URL: proxy.url, ...limits },
      // They would wait in the same line.
      timings: IDLE_WORKERS,
    })
  })
  afterEach(async () => {
    proxy.restore()
    await app[Symbol.asyncDispose]()
    await proxy[Symbol.asyncDispose]()
    await database.close()
  })

  test('a request that would wait behind many is rejected at once with a time to retry, and those that wait already are answered', async () => {
    const { owner } = await app.seed.organization()
    const replies: Reply[] = []
    proxy.silence()

    const running = Array.from({ length: REQUESTS }, async () => {
      // One statement after the other.
      replies.push(await owner.run('Viewer'))
    })
    await eventually(() => expect(replies.length).toBeGreaterThanOrEqual(REQUESTS - CONNECTIONS - QUEUE))

    for (const reply of replies) {
      expect(reply).toFailWith({ code: 'SERVICE_UNAVAILABLE', status: 503 })
      expect(reply.status).toBe(503)
      expect(reply.headers.get('retry-after')).toBe('1')
    }
    const refused = replies.length
    proxy.restore()
    await Promise.all(running)
    for (const reply of replies.slice(refused)) expect(reply.errors).toBeUndefined()
  })
})
