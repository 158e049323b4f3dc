import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { WorkerTimings } from '../../../src/app.workers.js'
import { startTestApp, type TestApp } from '../../support/app.js'
import type { TestClient } from '../../support/client.js'
import { testServerUrl } from '../../support/database.js'
import { eventually } from '../../support/eventually.js'
import { type FakeRedisEndpoint, startRedisEndpoint } from '../../support/redis.endpoint.js'
import { expectSoundRest } from '../../support/rest.js'
import { times, usageOf } from './deletion.fixture.js'

const KEPT_MS = 5_000
const NEVER_MS = 3_600_000
const COMMIT_LOCK = 42

let redis: FakeRedisEndpoint
let app: TestApp

async function start(timings?: WorkerTimings): Promise<void> {
  app = await startTestApp({ environment: { REDIS_URL: redis.url }, timings })
}

beforeEach(async () => {
  redis = await startRedisEndpoint()
})
afterEach(async () => {
  await expectSoundRest(app.pool)
  await app[Symbol.asyncDispose]()
  await redis.close()
})

/** How Redis leaves an app alone. */
const OUTAGES = {
  'has never answered': async (timings?: WorkerTimings) => {
    redis.hang()
    await start(timings)
  },
  'answers no more': async (timings?: WorkerTimings) => {
    await start(timings)
    await useRedis()
    redis.hang()
  },
  'is cut off': async (timings?: WorkerTimings) => {
    await start(timings)
    await useRedis()
    redis.cut()
  },
}

/** Returns once the app has Redis' answers. */
async function useRedis(): Promise<void> {
  const { id, owner } = await app.seed.organization()
  await expectKept(owner, id)
}

/**
 * Changes what the database says behind the back of the cache, which then goes on saying what it has kept. A busy
 * machine answers for Redis later than the cache waits, and is asked again and again.
 */
async function expectKept(owner: TestClient, organizationId: string): Promise<void> {
  await eventually(async () => {
    const { threads } = await usageOf(owner, organizationId)
    const shift = 'update usage set threads = threads + $2 where organization_id = $1'
    await app.pool.query(shift, [organizationId, 1])
    const seen = await usageOf(owner, organizationId)
    await app.pool.query(shift, [organizationId, -1])
    expect(seen.threads).toBe(threads)
  })
}

describe.each(Object.entries(OUTAGES))('while Redis %s', (_, takeAway) => {
  test('creations, deletions, undos and reads of usage do not wait for it, and are exact', async () => {
    await takeAway()
    const organization = await app.seed.organization()
    const { id: organizationId, owner } = organization
    const threads = await times(4, () => app.seed.thread({ organization, messages: 2 }))
    expect(await usageOf(owner, organizationId)).toMatchObject({ threads: 4, messages: 8 })
    await owner.must('DeleteThread', { threadId: threads[0]?.id })
    expect(await usageOf(owner, organizationId)).toMatchObject({ threads: 3, messages: 6 })
    const { deleteAllThreads } = await owner.must('DeleteAllThreads', { organizationId })
    expect(await usageOf(owner, organizationId)).toMatchObject({ threads: 0, messages: 0 })
    await owner.must('RestoreThreads', { batchId: deleteAllThreads.batchId })
    expect(await usageOf(owner, organizationId)).toMatchObject({ threads: 3, messages: 6 })
  })

  test('a process receives its own events, even without polling', async () => {
    const poll = { pollMs: NEVER_MS }
    await takeAway({ backfill: poll, outbox: poll, purge: poll })
    const { owner, thread, backfillId } = await app.seed.spaceWithThread({ messages: 3 })

    const done = await app.seed.embedded(owner, backfillId)
    await app.seed.messages(thread, 1)

    expect(done).toMatchObject({ status: 'COMPLETED', processed: 3 })
  })
})

test('a Redis that does not answer is waited for by nobody: its connections are open, and nothing was answered', async () => {
  redis.hang()
  await start()
  const { owner, organizationId } = await app.seed.thread({ messages: 1 })

  expect(await usageOf(owner, organizationId)).toMatchObject({ threads: 1 })

  expect(redis.connections.size).toBeGreaterThan(0)
  expect(redis.unanswered.length).toBeGreaterThan(0)
})

test('what Redis missed while it was disconnected is outdated for five seconds at most', async () => {
  await start()
  const organization = await app.seed.organization()
  const { id: organizationId, owner } = organization
  await expectKept(owner, organizationId)

  redis.cut()
  await app.seed.thread({ organization })
  expect(await usageOf(owner, organizationId)).toMatchObject({ threads: 1 })
  redis.recover()
  await eventually(async () => expect(await usageOf(owner, organizationId)).toMatchObject({ threads: 0 }))
  redis.advance(KEPT_MS)

  expect(await usageOf(owner, organizationId)).toMatchObject({ threads: 1 })
})

test('what Redis had not answered yet is forgotten first when it answers again', async () => {
  await start()
  const organization = await app.seed.organization()
  const { id: organizationId, owner } = organization
  await expectKept(owner, organizationId)

  redis.hang()
  await app.seed.thread({ organization })
  redis.recover()

  expect(await usageOf(owner, organizationId)).toMatchObject({ threads: 1 })
})

describe.runIf(testServerUrl())('on a server, where others read while a transaction ends', () => {
  test('a count that was read before the commit, however long that takes, is forgotten after it', async () => {
    await start()
    const { id: threadId, owner, organizationId } = await app.seed.thread()
    await app.pool.query(`
      create function wait_at_commit() returns trigger language plpgsql as $$
        begin perform pg_advisory_xact_lock(${COMMIT_LOCK}); return null; end $$;
      create constraint trigger wait_at_commit after update on usage deferrable initially deferred
        for each row execute function wait_at_commit()`)
    const holder = await app.pool.connect()
    await holder.query('select pg_advisory_lock($1)', [COMMIT_LOCK])

    const deletion = owner.must('DeleteThread', { threadId })
    await eventually(async () => {
      const { rows } = await app.pool.query(
        `select 1 from pg_locks where locktype = 'advisory' and objid = $1 and not granted`,
        [COMMIT_LOCK],
      )
      expect(rows).toHaveLength(1)
    })
    redis.advance(KEPT_MS)
    expect(await usageOf(owner, organizationId)).toMatchObject({ threads: 1 })
    await holder.query('select pg_advisory_unlock($1)', [COMMIT_LOCK])
    holder.release()
    await deletion

    expect(await usageOf(owner, organizationId)).toMatchObject({ threads: 0 })
  })
})
