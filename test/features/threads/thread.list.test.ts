import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../../support/app.js'
import type { TestClient } from '../../support/client.js'
import { expectInvariants } from '../../support/invariants.js'
import type { Seeded } from '../../support/seed.js'

let app: TestApp

beforeAll(async () => {
  app = await startTestApp()
})
afterAll(async () => {
  await expectInvariants(app.pool)
  await app[Symbol.asyncDispose]()
})

const INVALID = { code: 'VALIDATION_ERROR', status: 422 }

async function list(client: TestClient, variables: Record<string, unknown> = {}) {
  const { threads } = await client.must('Threads', { first: 100, ...variables })
  const ids: string[] = threads.edges.map(({ node }: { node: Seeded }) => node.id)
  expect(threads.totalCount).toBe(ids.length)
  return ids
}

describe('threads of an organization', () => {
  test.each(['OWNER', 'ADMIN', 'MEMBER', 'VIEWER'] as const)(
    'are listed whole for a member with the role %s, the newest first',
    async (role) => {
      const organization = await app.seed.organization()
      const other = await app.seed.member(organization)
      const first = await app.seed.thread({ organization })
      const second = await app.seed.thread({ organization, owner: other })
      const member = await app.seed.member(organization, role)

      expect(await list(member, { organizationId: organization.id })).toEqual([second.id, first.id])
    },
  )

  test('are missing for others, like those of one that does not exist', async () => {
    const { id } = await app.seed.organization()
    const stranger = await app.seed.user()

    for (const organizationId of [id, 'org_none']) {
      expect(await stranger.run('Threads', { organizationId })).toFailWith({
        code: 'RESOURCE_NOT_FOUND',
        systemMessage: 'Organization not found',
        details: { organizationId },
      })
    }
    expect(await stranger.run('Threads', { organizationId: 'acme' })).toFailWith({
      ...INVALID,
      systemMessage: "Invalid organization_id format. Must start with 'org_'",
    })
  })
})

describe('threads without an organization named', () => {
  test("are the caller's own and those of its organizations, each once, and no others", async () => {
    const organization = await app.seed.organization()
    const member = await app.seed.member(organization)
    const own = await app.seed.thread({ organization, owner: member })
    const shared = await app.seed.thread({ organization })
    const alone = await app.seed.thread({ owner: member })
    await app.seed.thread()

    expect(await list(member)).toEqual([alone.id, shared.id, own.id])
    expect(await list(member, { organizationId: organization.id })).toEqual([shared.id, own.id])
    expect(await list(await app.seed.user())).toEqual([])
  })
})

describe('soft-deleted threads', () => {
  test.each([
    ['OWNER', true],
    ['ADMIN', true],
    ['MEMBER', true],
    ['VIEWER', false],
  ] as const)('are listed for %s when asked for: %s', async (role, isListed) => {
    const organization = await app.seed.organization()
    const live = await app.seed.thread({ organization })
    const deleted = await app.seed.thread({ organization, messages: 1 })
    await organization.owner.must('DeleteThread', { threadId: deleted.id, mode: 'SOFT' })
    const member = await app.seed.member(organization, role)
    const scope = { organizationId: organization.id }

    for (const variables of [scope, {}]) {
      expect(await list(member, variables)).toEqual([live.id])
      expect(await list(member, { ...variables, includeDeleted: false })).toEqual([live.id])
      const all = isListed ? [deleted.id, live.id] : [live.id]
      expect(await list(member, { ...variables, includeDeleted: true })).toEqual(all)
    }
  })

  test('are listed for their owner, whatever its role is now, with what they hold', async () => {
    const organization = await app.seed.organization()
    const member = await app.seed.member(organization)
    const own = await app.seed.thread({ organization, owner: member, messages: 2 })
    await member.must('DeleteThread', { threadId: own.id, mode: 'SOFT' })
    const demotion = { organizationId: organization.id, userId: member.userId, role: 'VIEWER' }
    await organization.owner.must('AddOrganizationMember', demotion)

    const { threads } = await member.must(
      `{ threads(includeDeleted: true) { edges { node {
        id deletedAt messageCount lastMessage { id content thread { id deletedAt } }
      } } } }`,
    )

    const deletedAt = expect.any(String)
    const lastMessage = {
      id: own.messageIds[1],
      content: 'message 1 about topic 1',
      thread: { id: own.id, deletedAt },
    }
    expect(threads.edges).toEqual([{ node: { id: own.id, deletedAt, messageCount: 2, lastMessage } }])
    expect(await list(member)).toEqual([])
  })
})

describe('a page', () => {
  test('follows the last by its cursor: 120 threads come once each, also while new ones are made', async () => {
    const { id: organizationId, owner } = await app.seed.organization()
    const made: string[] = []
    for (let index = 0; index < 120; index++)
      made.push((await app.seed.thread({ organization: { id: organizationId, owner } })).id)
    // Many threads of one moment are told apart by their ids.
    await app.pool.query('update thread set created_at = $1 where id = any($2)', [
      new Date(),
      made.slice(30, 90),
    ])
    const seen: string[] = []
    let after: string | null = null

    do {
      const { threads }: { threads: Page } = await owner.must('Threads', { organizationId, first: 7, after })
      seen.push(...threads.edges.map(({ node }) => node.id))
      await app.seed.thread({ organization: { id: organizationId, owner } })
      after = threads.pageInfo.hasNextPage ? threads.pageInfo.endCursor : null
    } while (after !== null)

    expect(seen).toHaveLength(120)
    expect(new Set(seen)).toEqual(new Set(made))
    expect(await owner.must('Threads', { organizationId, first: 1 })).toMatchObject({
      threads: { totalCount: 138 },
    })
  })

  test.each([1, 5, 6, 10, 20, 50, 99, 100])('has %d entries when so many are asked for', async (first) => {
    const { owner, organizationId } = await many()

    const { threads } = await owner.must('Threads', { organizationId, first })

    expect(threads.edges).toHaveLength(first)
    expect(threads.pageInfo).toEqual({ hasNextPage: true, endCursor: threads.edges.at(-1).cursor })
    expect(threads.totalCount).toBe(101)
  })

  test('has 20 entries by default, and its last one says that nothing follows', async () => {
    const { owner, organizationId } = await many()

    const { threads } = await owner.must('Threads', { organizationId })
    expect(threads.edges).toHaveLength(20)
    const { threads: hundred } = await owner.must('Threads', { organizationId, first: 100 })
    const after = hundred.pageInfo.endCursor
    const { threads: last } = await owner.must('Threads', { organizationId, first: 100, after })
    expect(last).toMatchObject({ edges: [expect.anything()], pageInfo: { hasNextPage: false } })
    const { threads: none } = await owner.must('Threads', { organizationId, after: last.pageInfo.endCursor })
    expect(none).toEqual({ edges: [], pageInfo: { hasNextPage: false, endCursor: null }, totalCount: 101 })
  })

  test.each([0, -1, 101, 2_147_483_647])('of %d entries is refused', async (first) => {
    const systemMessage = 'Invalid page size. first must be 1 to 100.'
    expect(await (await app.seed.user()).run('Threads', { first })).toFailWith({
      ...INVALID,
      systemMessage,
      details: { first },
    })
  })

  test.each([
    ['no base64', '§'],
    ['no JSON', Buffer.from('{').toString('base64url')],
    ['no pair', Buffer.from('[1]').toString('base64url')],
    ['no time', Buffer.from('["now","thrd_1"]').toString('base64url')],
    ['before all times', Buffer.from('[-99999999999999,"thrd_1"]').toString('base64url')],
    ['NUL', Buffer.from('[1,"\\u0000"]').toString('base64url')],
    ['another type', Buffer.from('[1,{}]').toString('base64url')],
    ['an empty text', ''],
  ])('after a cursor that is %s is refused', async (_, after) => {
    const systemMessage = 'Invalid cursor. Pass a cursor or endCursor of this list unchanged.'
    expect(await (await app.seed.user()).run('Threads', { after })).toFailWith({ ...INVALID, systemMessage })
  })
})

interface Page {
  edges: { node: Seeded }[]
  pageInfo: { hasNextPage: boolean; endCursor: string }
}

const filled = new Map<TestApp, Promise<{ owner: TestClient; organizationId: string }>>()

/** An organization with 101 threads: made once, because nothing changes it. */
function many() {
  const known = filled.get(app) ?? fill()
  filled.set(app, known)
  return known
}

async function fill() {
  const organization = await app.seed.organization()
  for (let index = 0; index < 101; index++) await app.seed.thread({ organization })
  return { owner: organization.owner, organizationId: organization.id }
}
