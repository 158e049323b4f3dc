import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../../support/app.js'
import type { Json, TestClient } from '../../support/client.js'
import { eventually } from '../../support/eventually.js'
import { type FakeSandboxEndpoint, startSandboxEndpoint } from '../../support/sandbox.endpoint.js'
import { parkEffect } from './parked.effect.fixture.js'

const FIELDS = 'id kind payload attempts lastError parkedAt createdAt requestId traceId correlationId'

const PARKED_EFFECTS = `query ParkedEffects($organizationId: ID!, $first: Int, $after: String) {
  parkedEffects(organizationId: $organizationId, first: $first, after: $after) {
    edges { node { ${FIELDS} } }
    pageInfo { hasNextPage endCursor }
  }
}`

const RETRY_EFFECT = `mutation RetryEffect($effectId: ID!, $idempotencyKey: String) {
  retryEffect(effectId: $effectId, idempotencyKey: $idempotencyKey) { effect { ${FIELDS} } }
}`

let app: TestApp
let sandboxes: FakeSandboxEndpoint

beforeAll(async () => {
  sandboxes = await startSandboxEndpoint()
  const environment = { SANDBOX_API_URL: sandboxes.url, SANDBOX_API_KEY: 'key' }
  app = await startTestApp({ environment })
})
afterAll(async () => {
  await app[Symbol.asyncDispose]()
  await sandboxes.close()
})

async function list(client: TestClient, organizationId: string): Promise<Json[]> {
  const { parkedEffects } = await client.must(PARKED_EFFECTS, { organizationId })
  return parkedEffects.edges.map(({ node }: Json) => node)
}

/** A kind that no worker carries out, so that what a test made of it stays. */
const parkUntried = (organizationId: string) => parkEffect(app.pool, { organizationId, kind: 'bell.ring' })

test('a sandbox that could not be deleted is listed, and deleted when the effect is retried', async () => {
  const organization = await app.seed.organization()
  const { id: organizationId, owner } = organization
  const project = await app.seed.project(organization, 'sbx-refused')
  const thread = await app.seed.thread({ organization, project })
  sandboxes.failNext(403)
  const { deleteThread } = await owner
    .with({ 'x-request-id': 'request-1', 'x-correlation-id': 'order-1' })
    .must('DeleteThread', { threadId: thread.id, mode: 'PERMANENT' })
  expect(deleteThread.threadId).toBe(thread.id)

  const [parked] = await eventually(async () => {
    const effects = await list(owner, organizationId)
    expect(effects).toHaveLength(1)
    return effects
  })
  expect(parked).toEqual({
    id: expect.stringMatching(/^obx_/),
    kind: 'sandbox.delete',
    payload: { sandboxId: 'sbx-refused', projectId: project.id },
    attempts: 1,
    lastError: 'The sandbox service refused the key (403).',
    parkedAt: expect.stringMatching(/Z$/),
    createdAt: expect.stringMatching(/Z$/),
    requestId: 'request-1',
    traceId: expect.stringMatching(/^[\da-f]{32}$/),
    correlationId: 'order-1',
  })

  const { retryEffect } = await owner.must(RETRY_EFFECT, { effectId: parked.id })

  expect(retryEffect.effect).toEqual({ ...parked, attempts: 0, parkedAt: null })
  await eventually(() => expect(sandboxes.deletions).toContain('sbx-refused'))
  expect(await list(owner, organizationId)).toEqual([])
  await eventually(async () => {
    expect(await owner.run(RETRY_EFFECT, { effectId: parked.id })).toFailWith({
      code: 'RESOURCE_NOT_FOUND',
      systemMessage: 'Effect not found',
    })
  })
})

test('an effect that fails again after its retry is parked again', async () => {
  const { id: organizationId, owner } = await app.seed.organization()
  const effectId = await parkEffect(app.pool, { organizationId, sandboxId: 'sbx-again' })
  sandboxes.failNext(403)

  await owner.must(RETRY_EFFECT, { effectId })

  await eventually(async () => {
    expect(await list(owner, organizationId)).toMatchObject([{ id: effectId, attempts: 1 }])
  })
})

test('a retry is recorded with who asked for it', async () => {
  const { id: organizationId, owner } = await app.seed.organization()
  const effectId = await parkUntried(organizationId)

  await owner.must(RETRY_EFFECT, { effectId })

  const { rows } = await app.pool.query(
    `select action, actor_id as "actorId", organization_id as "organizationId", target_type as "targetType", details
    from audit_event where target_id = $1`,
    [effectId],
  )
  expect(rows).toEqual([
    {
      action: 'effect.retried',
      actorId: owner.userId,
      organizationId,
      targetType: 'effect',
      details: { kind: 'bell.ring' },
    },
  ])
})

test('administrators see only what is parked of their organization, what was parked last first', async () => {
  const organization = await app.seed.organization()
  const admin = await app.seed.member(organization, 'ADMIN')
  const { id: organizationId } = organization
  const park = (day: number) =>
    parkEffect(app.pool, { organizationId, kind: 'bell.ring', parkedAt: `2026-01-0${day}T00:00:00Z` })
  const ids = [await park(2), await park(3), await park(1), await park(3)]
  await parkUntried((await app.seed.organization()).id)
  await parkEffect(app.pool, { organizationId: null, kind: 'bell.ring' })
  await admin.must(RETRY_EFFECT, { effectId: await parkUntried(organizationId) })

  const expected = [ids[3], ids[1], ids[0], ids[2]]
  expect((await list(admin, organizationId)).map(({ id }) => id)).toEqual(expected)

  const first = await admin.must(PARKED_EFFECTS, { organizationId, first: 1 })
  const { hasNextPage, endCursor: after } = first.parkedEffects.pageInfo
  expect(hasNextPage).toBe(true)
  const rest = await admin.must(PARKED_EFFECTS, { organizationId, after })
  expect(rest.parkedEffects.edges.map(({ node }: Json) => node.id)).toEqual(expected.slice(1))
})

test('of several who retry one effect at once, one does, and the others find it not parked', async () => {
  const { id: organizationId, owner } = await app.seed.organization()
  const effectId = await parkUntried(organizationId)

  const replies = await Promise.all(Array.from({ length: 8 }, () => owner.run(RETRY_EFFECT, { effectId })))

  const failed = replies.filter(({ errors }) => errors)
  expect(failed).toHaveLength(7)
  for (const reply of failed) {
    expect(reply).toFailWith({
      code: 'CONFLICT',
      status: 409,
      systemMessage: 'Effect not parked',
      details: { effectId },
    })
  }
  const { rows } = await app.pool.query('select id from audit_event where target_id = $1', [effectId])
  expect(rows).toHaveLength(1)
})

test('a retry that is sent again with its idempotency key gets the first reply', async () => {
  const { id: organizationId, owner } = await app.seed.organization()
  const effectId = await parkUntried(organizationId)
  const variables = { effectId, idempotencyKey: `retry-${effectId}` }

  const first = await owner.must(RETRY_EFFECT, variables)

  expect(await owner.must(RETRY_EFFECT, variables)).toEqual(first)
})

test.each(['MEMBER', 'VIEWER'] as const)('a %s may neither list nor retry', async (role) => {
  const organization = await app.seed.organization()
  const { id: organizationId } = organization
  const client = await app.seed.member(organization, role)
  const effectId = await parkUntried(organizationId)
  const denied = { code: 'INSUFFICIENT_PERMISSIONS', systemMessage: 'Manage access required' }

  expect(await client.run(PARKED_EFFECTS, { organizationId })).toFailWith(denied)
  expect(await client.run(RETRY_EFFECT, { effectId })).toFailWith(denied)
  expect(await list(organization.owner, organizationId)).toHaveLength(1)
})

test('effects of others, of no organization and of no existence are one reply', async () => {
  const { id: organizationId, owner } = await app.seed.organization()
  const stranger = (await app.seed.organization()).owner
  const foreign = await parkUntried(organizationId)
  const unowned = await parkEffect(app.pool, { organizationId: null, kind: 'bell.ring' })

  for (const effectId of [foreign, unowned, 'obx_nowhere']) {
    expect(await stranger.run(RETRY_EFFECT, { effectId })).toFailWith({
      code: 'RESOURCE_NOT_FOUND',
      systemMessage: 'Effect not found',
      details: { effectId },
    })
  }
  expect(await stranger.run(PARKED_EFFECTS, { organizationId })).toFailWith({
    code: 'RESOURCE_NOT_FOUND',
    systemMessage: 'Organization not found',
  })
  expect(await list(owner, organizationId)).toHaveLength(1)
})
