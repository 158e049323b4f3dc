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
