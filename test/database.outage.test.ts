import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { startTestApp, type TestApp } from './support/app.js'
import type { Json, Reply } from './support/client.js'
import { openTestDatabase, type TestDatabase, testServerUrl } from './support/database.js'
import { DatabaseProxy } from './support/database.proxy.js'
import { eventually } from './support/eventually.js'
import { expectSoundRest } from './support/rest.js'

/** Rules of a node whose PostgreSQL is away for a while. Its limits are short, so that no test waits for them. */

const LIMITS = { DATABASE_STATEMENT_TIMEOUT_SECONDS: '1', DATABASE_CONNECT_TIMEOUT_SECONDS: '1' }
const AWAY = { code: 'SERVICE_UNAVAILABLE', status: 503, systemMessage: 'Database unavailable' }

let database: TestDatabase
let proxy: DatabaseProxy
let app: TestApp

function start(): Promise<TestApp> {
  // What a worker could not give back is taken again when its lease ends.
  const timings = { backfill: { leaseMs: 1_000, pollMs: 50, retryMs: 20 } }
  return startTestApp({ database, timings, environment: { DATABASE_URL: proxy.url, ...LIMITS } })
}

function expectAway(reply: Reply): void {
  expect(reply).toFailWith(AWAY)
  expect(reply.errors?.[0]?.extensions.retryAfter).toBe(1)
}

function expectAwayOverHttp(reply: Reply): void {
  expectAway(reply)
  expect(reply.status).toBe(503)
  expect(reply.headers.get('retry-after')).toBe('1')
}

describe.runIf(testServerUrl())('on PostgreSQL', () => {
  beforeEach(async () => {
    database = await openTestDatabase()
    proxy = await DatabaseProxy.open(database.url as string)
  })
  afterEach(async () => {
    proxy.restore()
    await expectSoundRest(database.pool)
    await app[Symbol.asyncDispose]()
    await proxy[Symbol.asyncDispose]()
    await database.close()
  })

  describe.each([
    ['is cut off', () => proxy.cut()],
    ['is silent', () => proxy.silence()],
  ])('while it %s', (_, takeAway) => {
    test('whatever is asked, on whichever transport, is SERVICE_UNAVAILABLE with a time to try again', async () => {
      app = await start()
      const { owner, id: organizationId } = await app.seed.organization()
      const { id: spaceId } = await app.seed.space({ id: organizationId, owner })
      await using socket = owner.open()
      const progress = socket.subscribe('SpaceBackfillProgress', { spaceId })
      await socket.run('Viewer')

      takeAway()
      const [byKey, query, mutation, byModels, overWebSocket, subscription, opened] = await Promise.all([
        app.withApiKey().run('Viewer'),
        owner.run('Threads', { organizationId }),
        owner.run('CreateThread', { input: { organizationId } }),
        owner.run('CreateProject', { input: { organizationId, name: 'Website' } }),
        socket.run('Threads', { organizationId }),
        socket.run('SpaceBackfillProgress', { spaceId }),
        owner.subscribe('Viewer').end(),
      ])

      for (const reply of [byKey, query, mutation, byModels]) expectAwayOverHttp(reply)
      for (const reply of [overWebSocket, subscription]) expectAway(reply)
      // Clients open another socket later.
      expect(opened).toEqual({ kind: 'closed', code: 1013, reason: 'The credential cannot be checked now' })
      expectAway((await progress.rest()).at(-1) as Reply)
      expect(await progress.end()).toEqual({ kind: 'completed' })
    })

    test('its workers wait, and go on with what was begun once it is back', async () => {
      app = await start()
      app.embedder.pause()
      const { owner, backfillId } = await app.seed.spaceWithThread({ messages: 20 })
      await eventually(() => expect(app.embedder.inFlight).toBeGreaterThan(0))

      takeAway()
      app.embedder.resume()
      await eventually(() => {
        const failed = app.logs.complaints().map(({ worker }: Json) => worker)
        expect(failed).toEqual(expect.arrayContaining(['embedding', 'outbox', 'purge', 're-embedding']))
      })
      proxy.restore()

      expect(await app.seed.embedded(owner, backfillId)).toMatchObject({ status: 'COMPLETED', embedded: 20 })
    })

    test('more requests than it has connections are all answered, and the first one after it is back as well', async () => {
      app = await start()
      const { owner, id: organizationId } = await app.seed.organization()

      takeAway()
      const replies = await Promise.all(
        Array.from({ length: 60 }, () => owner.run('Threads', { organizationId })),
      )
      proxy.restore()

      for (const reply of replies) expectAwayOverHttp(reply)
      await eventually(() => owner.must('Threads', { organizationId }))
    })
  })

  test('a mutation whose commit has no reply is SERVICE_UNAVAILABLE, and sending it again with its key does it once', async () => {
    app = await start()
    const { owner, id: organizationId } = await app.seed.organization()
    const create = () =>
      owner
        .with({ 'idempotency-key': 'once' })
        .run('CreateThread', { input: { organizationId, title: 'Done once' } })

    proxy.loseCommitOf('Done once')
    expectAwayOverHttp(await create())
    const { data } = await create()

    const { threads } = await owner.must('Threads', { organizationId })
    expect(threads.edges.map(({ node }: Json) => node.id)).toEqual([data.createThread.thread.id])
  })

  test('a subscription outlives an outage of a few seconds, and receives nothing until it is over', async () => {
    // Without workers, so that nobody but what is watched asks the database.
    const environment = { DATABASE_URL: proxy.url, HEDDLE_ROLE: 'api', REDIS_URL: 'redis://127.0.0.1:1' }
    app = await startTestApp({ database, environment })
    const { owner, backfillId } = await app.seed.spaceWithThread()
    const progress = owner.subscribe('BackfillProgress', { backfillId })
    const first = await progress.next()

    proxy.cut()
    await eventually(() => expect(proxy.refused).toBeGreaterThan(0))
    proxy.restore()
    await eventually(() => owner.must('CancelBackfill', { backfillId }))

    expect(first?.data.backfillProgress).toMatchObject({ status: 'QUEUED' })
    const replies = await progress.rest()
    expect(replies.map(({ errors }) => errors)).toEqual([undefined])
    expect(replies[0]?.data.backfillProgress).toMatchObject({ status: 'CANCELED' })
  })

  test('a start waits for its database, and says so', async () => {
    proxy.cut()
    const starting = start()
    await eventually(() => expect(proxy.refused).toBeGreaterThan(0))
    proxy.restore()

    app = await starting

    await app.seed.organization()
    expect(app.logs.text()).toContain('the database does not answer yet; waiting for it')
  })
})
