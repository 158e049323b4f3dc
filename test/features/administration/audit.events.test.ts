import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../../support/app.js'
import type { Json, TestClient } from '../../support/client.js'

const AUDIT_EVENTS = `query AuditEvents(
  $organizationId: ID, $first: Int, $after: String, $action: String, $actor: ID, $target: ID
) {
  auditEvents(organizationId: $organizationId, first: $first, after: $after, action: $action, actor: $actor, target: $target) {
    edges { cursor node {
      id action actorId apiKeyId targetType targetId details requestId traceId correlationId createdAt
    } }
    pageInfo { hasNextPage endCursor }
  }
}`

let app: TestApp

beforeAll(async () => {
  app = await startTestApp()
})
afterAll(() => app[Symbol.asyncDispose]())

async function list(client: TestClient, variables: Record<string, unknown> = {}): Promise<Json[]> {
  const { auditEvents } = await client.must(AUDIT_EVENTS, variables)
  return auditEvents.edges.map(({ node }: Json) => node)
}

const actionsOf = (events: Json[]) => events.map(({ action }) => action)

test('an administrator reads who did what in the organization, the newest first', async () => {
  const organization = await app.seed.organization()
  const admin = await app.seed.member(organization, 'ADMIN')
  const member = await app.seed.member(organization)
  const thread = await app.seed.thread({ organization, owner: member, messages: 2 })
  await member.must('DeleteThread', { threadId: thread.id, mode: 'SOFT' })

  const events = await list(admin, { organizationId: organization.id })

  expect(actionsOf(events)).toEqual([
    'thread.soft-deleted',
    'thread.messages-appended',
    'thread.created',
    'organization.membership-accepted',
    'organization.member-added',
    'organization.membership-accepted',
    'organization.member-added',
    'organization.created',
  ])
  expect(events[0]).toEqual({
    id: expect.stringMatching(/^audit_/),
    action: 'thread.soft-deleted',
    actorId: member.userId,
    apiKeyId: null,
    targetType: 'thread',
    targetId: thread.id,
    details: expect.objectContaining({ batchId: expect.stringMatching(/^del_/), messages: 2, vectors: 0 }),
    requestId: expect.stringMatching(/^req_/),
    traceId: expect.stringMatching(/^[\da-f]{32}$/),
    correlationId: null,
    createdAt: expect.stringMatching(/Z$/),
  })
})

test('an event names the API key that was used', async () => {
  const { id } = await app.seed.organization(app.withApiKey())

  expect(await list(app.withApiKey(), { organizationId: id })).toMatchObject([
    { actorId: 'user_bootstrap', apiKeyId: expect.stringMatching(/^key_bootstrap_/) },
  ])
})

test.each(['MEMBER', 'VIEWER'] as const)('a %s sees the organization, but not its trail', async (role) => {
  const organization = await app.seed.organization()
  const client = await app.seed.member(organization, role)

  const reply = await client.run(AUDIT_EVENTS, { organizationId: organization.id })

  expect(reply).toFailWith({
    code: 'INSUFFICIENT_PERMISSIONS',
    status: 403,
    systemMessage: 'Manage access required',
  })
  expect(reply.data).toEqual({ auditEvents: null })
})

test('an organization of others and one that does not exist are one reply', async () => {
  const { id } = await app.seed.organization()
  const stranger = (await app.seed.organization()).owner

  for (const organizationId of [id, 'org_nowhere']) {
    expect(await stranger.run(AUDIT_EVENTS, { organizationId })).toFailWith({
      code: 'RESOURCE_NOT_FOUND',
      systemMessage: 'Organization not found',
      details: { organizationId },
    })
  }
  expect(await app.anonymous().run(AUDIT_EVENTS, { organizationId: id })).toFailWith({
    code: 'UNAUTHENTICATED',
  })
})

test('without an organization callers see what they did themselves, in all organizations and in none', async () => {
  const { owner } = await app.seed.thread({ messages: 1 })
  const other = await app.seed.organization()
  await other.owner.must('AddOrganizationMember', {
    organizationId: other.id,
    userId: owner.userId,
    role: 'VIEWER',
  })
  const { deleteAllThreads } = await owner.must('DeleteAllThreads')
  await app.seed.organization(owner)

  const events = await list(owner)

  expect(actionsOf(events)).toEqual([
    'organization.created',
    'user.threads-deleted',
    'thread.messages-appended',
    'thread.created',
    'organization.created',
  ])
  expect(new Set(events.map(({ actorId }) => actorId))).toEqual(new Set([owner.userId]))
  expect(events[1].id).toBe(deleteAllThreads.auditLogId)
  expect(await list(owner, { actor: other.owner.userId })).toEqual([])
})

test('filters are exact, and hold together', async () => {
  const organization = await app.seed.organization()
  const admin = await app.seed.member(organization, 'ADMIN')
  const { id: threadId } = await app.seed.thread({ organization, messages: 1 })
  const { id: other } = await app.seed.thread({ organization, owner: admin })
  const organizationId = organization.id
  const find = async (filter: Record<string, string>) =>
    (await list(admin, { organizationId, ...filter })).map(({ action, targetId }) => [action, targetId])

  expect(await find({ action: 'thread.created' })).toEqual([
    ['thread.created', other],
    ['thread.created', threadId],
  ])
  expect(await find({ actor: admin.userId ?? '' })).toEqual([
    ['thread.created', other],
    ['organization.membership-accepted', admin.userId],
  ])
  expect(await find({ target: threadId })).toEqual([
    ['thread.messages-appended', threadId],
    ['thread.created', threadId],
  ])
  expect(await find({ target: threadId, action: 'thread.created' })).toEqual([['thread.created', threadId]])
  expect(await find({ action: 'thread' })).toEqual([])
  expect(await find({ action: 'THREAD.CREATED' })).toEqual([])
  expect(await find({ target: threadId, actor: admin.userId ?? '' })).toEqual([])
})

test('pages follow one another without a gap or a repetition, also where events share their time', async () => {
  const { id: organizationId, owner } = await app.seed.organization()
  await app.pool.query(
    `insert into audit_event (id, organization_id, actor_id, action, target_type, target_id, created_at)
    select 'audit_' || $1 || n, $1, 'user_1', 'thread.created', 'thread', 'thrd_' || n,
      '2020-01-01T00:00:00Z'::timestamptz + (n / 3) * interval '1 second'
    from generate_series(1, 10) n`,
    [organizationId],
  )
  const seen: string[] = []
  let after: string | null = null
  do {
    const { auditEvents }: Json = await owner.must(AUDIT_EVENTS, { organizationId, first: 2, after })
    seen.push(...auditEvents.edges.map(({ node }: Json) => node.id))
    after = auditEvents.pageInfo.hasNextPage ? auditEvents.pageInfo.endCursor : null
  } while (after !== null)

  const { rows } = await app.pool.query(
    'select id from audit_event where organization_id = $1 order by created_at desc, id desc',
    [organizationId],
  )
  expect(seen).toEqual(rows.map(({ id }) => id))
})

test.each([{ first: 0 }, { first: 101 }, { after: 'nonsense' }, { organizationId: 'acme' }])(
  'a request that cannot be is a VALIDATION_ERROR: %j',
  async (variables) => {
    const { id: organizationId, owner } = await app.seed.organization()

    expect(await owner.run(AUDIT_EVENTS, { organizationId, ...variables })).toFailWith({
      code: 'VALIDATION_ERROR',
      status: 422,
    })
  },
)
