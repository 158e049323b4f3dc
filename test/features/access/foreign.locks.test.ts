import type { PoolClient } from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../../support/app.js'
import type { Reply, TestClient } from '../../support/client.js'
import { testServerUrl } from '../../support/database.js'
import { IMPORT_THREADS } from '../../support/documents.js'
import { FakeEmbedder } from '../../support/fake.embedder.js'
import type { Seeded } from '../../support/seed.js'
import { MUTATIONS } from './mutation.cases.js'
import { OTHER_MODEL } from './space.cases.js'

/**
 * Whether a row may be seen is decided before anybody waits for it: else calls on foreign rows would fill the pool, and
 * their waiting would tell that the rows are there.
 */

/** What a caller can refer to, and what belongs to it. */
const TABLES = [
  'organization',
  'member',
  'usage',
  'project',
  'thread',
  'message',
  'agent_run',
  'deletion_batch',
  'space',
  'space_grant',
  'space_thread',
  'embedding_store',
  'store_thread',
  'backfill',
  'reembedding',
  'outbox',
]
/** A wait is answered with SERVICE_UNAVAILABLE after so long, and nothing else here is. */
const LOCK_TIMEOUT_SECONDS = '3'
const NAMED =
  /^(?:organization|project|thread|message|agentRun|space|backfill|reembedding|batch|effect)Id$|^input$/

/** They change the caller's own membership, for which the caller may wait. */
const ON_OWN_MEMBERSHIP = ['acceptMembership', 'declineMembership']

let app: TestApp
let organization: Seeded
let stranger: TestClient
let viewer: TestClient
let holder: PoolClient

const refused = Object.entries(MUTATIONS).filter(([, { says }]) => says.outsider !== 'done')

describe.runIf(testServerUrl())('on a server, while all rows of an organization are locked', () => {
  beforeAll(async () => {
    app = await startTestApp({
      otherEmbedders: [new FakeEmbedder(OTHER_MODEL)],
      timings: { backfill: { parallel: 0 } },
      environment: { DATABASE_LOCK_TIMEOUT_SECONDS: LOCK_TIMEOUT_SECONDS },
    })
    organization = await app.seed.organization()
    viewer = await app.seed.member(organization, 'VIEWER')
    stranger = await app.seed.user()
    await stranger.must('{ viewer { id } }')
  })
  beforeEach(async () => {
    holder = await app.pool.connect()
  })
  afterEach(async () => {
    await holder.query('rollback')
    holder.release()
  })
  afterAll(() => app[Symbol.asyncDispose]())

  test.each(refused)('%s answers at once, for foreign as for missing ids', async (name, mutation) => {
    const { document, prepare, says } = mutation
    const variables = await prepare(app, organization)
    await lockAll()

    const foreign = await stranger.run(document, variables)
    const missing = await stranger.run(document, withMissingIds(variables))

    expect(foreign.errors?.[0]?.extensions).toMatchObject({ code: 'RESOURCE_NOT_FOUND' })
    expect(envelopeOf(foreign)).toEqual(envelopeOf(missing))
    if (ON_OWN_MEMBERSHIP.includes(name)) return
    const [error] = (await viewer.run(document, variables)).errors ?? []
    expect(`${error?.extensions.code} ${error?.extensions.systemMessage}`).toBe(says.VIEWER)
  })

  test('a call that would use an existing id is rejected at once', async () => {
    const thread = await app.seed.thread({ organization, messages: 1 })
    const space = await app.seed.space(organization)
    const own = await app.seed.thread()
    const { owner, organizationId } = own
    const calls: [string, Record<string, unknown>][] = [
      ['CreateThread', { input: { organizationId, id: thread.id } }],
      ['CreateSpace', { input: { organizationId, id: space.id, name: 'Copy' } }],
    ]

    await holder.query('begin')
    await holder.query('select from thread where id = $1 for update', [thread.id])
    await holder.query('select from space where id = $1 for update', [space.id])

    for (const [name, variables] of calls)
      expect(await owner.run(name, variables)).toFailWith({ code: 'CONFLICT' })
    const threads = [{ id: thread.id, messages: [{ id: 'msg_new', role: 'USER', content: 'text' }] }]
    const { importThreads } = await owner.must(IMPORT_THREADS, { organizationId, threads })
    expect(importThreads.results).toMatchObject([{ status: 'FAILED', error: { code: 'CONFLICT' } }])
  })

  test('removeThreadFromSpace does not wait for a foreign thread that its own space does not hold', async () => {
    const foreign = await app.seed.thread({ organization, messages: 1 })
    const own = await app.seed.space()
    await holder.query('begin')
    await holder.query('select from thread where id = $1 for update', [foreign.id])
    const call = (threadId: string) => own.owner.run('RemoveThreadFromSpace', { spaceId: own.id, threadId })

    const [reply, missing] = [await call(foreign.id), await call('thrd_missing')]

    expect(reply).toFailWith({ code: 'RESOURCE_NOT_FOUND', systemMessage: 'Thread not found' })
    expect(envelopeOf(reply)).toEqual(envelopeOf(missing))
  })
})

async function lockAll(): Promise<void> {
  await holder.query('begin')
  for (const table of TABLES) await holder.query(`select from ${table} for update`)
}

function withMissingIds(variables: Record<string, unknown>): Record<string, unknown> {
  const entries = Object.entries(variables).map(([name, value]) => {
    if (!NAMED.test(name)) return [name, value]
    if (typeof value === 'string') return [name, value.replace(/_.*/, '_missing')]
    return [name, withMissingIds(value as Record<string, unknown>)]
  })
  return Object.fromEntries(entries)
}

/** The whole reply, except ids and times. */
function envelopeOf({ data, errors, status }: Reply): unknown {
  const told = errors?.map(({ message, path, extensions }) => {
    const { traceId: _, timestamp: __, details, ...rest } = extensions
    return { message, path, ...rest, details: Object.keys(details ?? {}) }
  })
  return { data, status, told }
}
