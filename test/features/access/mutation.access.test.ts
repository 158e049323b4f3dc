import { createHash, randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../../support/app.js'
import type { Reply, TestClient } from '../../support/client.js'
import { FakeEmbedder } from '../../support/fake.embedder.js'
import { expectInvariants } from '../../support/invariants.js'
import type { Seeded } from '../../support/seed.js'
import type { Role } from './mutation.case.js'
import { MUTATIONS } from './mutation.cases.js'
import { OTHER_MODEL } from './space.cases.js'

let app: TestApp
let organization: Seeded
let callers: Record<Role, TestClient>

beforeAll(async () => {
  // No worker takes a link, so that every backfill is still there to be canceled.
  app = await startTestApp({
    otherEmbedders: [new FakeEmbedder(OTHER_MODEL)],
    timings: { backfill: { parallel: 0 } },
  })
  organization = await app.seed.organization()
  callers = {
    OWNER: await app.seed.member(organization, 'OWNER'),
    ADMIN: await app.seed.member(organization, 'ADMIN'),
    MEMBER: await app.seed.member(organization, 'MEMBER'),
    VIEWER: await app.seed.member(organization, 'VIEWER'),
    outsider: (await app.seed.organization()).owner,
    anonymous: app.anonymous(),
  }
})
afterAll(() => app[Symbol.asyncDispose]())

const ROLES: Role[] = ['OWNER', 'ADMIN', 'MEMBER', 'VIEWER', 'outsider', 'anonymous']

function saidBy({ errors }: Reply): string {
  const [error] = errors ?? []
  return error ? `${error.extensions.code} ${error.extensions.systemMessage}` : 'done'
}

async function countEvents(): Promise<number> {
  const { rows } = await app.pool.query('select count(*)::int as count from audit_event')
  return rows[0].count
}

/** A key of an OWNER. */
async function keyWith(scopes: readonly string[]): Promise<TestClient> {
  const key = `hdl_${randomUUID()}`
  const hash = createHash('sha256').update(key).digest('hex')
  await app.pool.query(
    'insert into api_key (id, user_id, name, hash, prefix, scopes) values ($1, $2, $3, $4, $5, $6)',
    [`key_${randomUUID()}`, callers.OWNER.userId, 'Test', hash, 'hdl_', scopes],
  )
  return app.withApiKey(key)
}

test('the table names every mutation', async () => {
  const { __schema } = await callers.OWNER.must('{ __schema { mutationType { fields { name } } } }')
  const names = __schema.mutationType.fields.map(({ name }: { name: string }) => name)

  expect(new Set(Object.keys(MUTATIONS))).toEqual(new Set(names))
})

describe('a mutation is done with one audit event, or refused and without a trace', () => {
  test.each(Object.entries(MUTATIONS))('%s', async (_, { document, prepare, says }) => {
    const said: Partial<Record<Role, string>> = {}
    const events: Partial<Record<Role, number>> = {}
    for (const role of ROLES) {
      const variables = await prepare(app, organization)
      const before = await countEvents()
      said[role] = saidBy(await callers[role].run(document, variables))
      events[role] = (await countEvents()) - before
    }

    expect(said).toEqual(says)
    expect(events).toEqual(Object.fromEntries(ROLES.map((role) => [role, says[role] === 'done' ? 1 : 0])))
    await expectInvariants(app.pool)
  })
})

describe('a key that lists scopes', () => {
  test.each(Object.entries(MUTATIONS))(
    'without `write` does not reach %s',
    async (_, { document, prepare }) => {
      const client = await keyWith(['read'])
      const variables = await prepare(app, organization)

      const reply = await client.run(document, variables)

      expect(saidBy(reply)).toBe('INSUFFICIENT_PERMISSIONS Write scope required')
      expect(reply.errors?.[0]?.extensions.status).toBe(403)
    },
  )

  test('reads all the same, and writes when it lists `write` or nothing', async () => {
    const reader = await keyWith(['read'])
    const thread = await app.seed.thread({ organization })
    expect((await reader.must('Thread', { id: thread.id })).thread.id).toBe(thread.id)

    for (const scopes of [['write'], ['read', 'write'], []]) {
      const writer = await keyWith(scopes)
      expect(saidBy(await writer.run('StartAgentRun', { threadId: thread.id }))).toBe('done')
    }
  })
})
