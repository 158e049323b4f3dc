import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../../support/app.js'
import type { TestClient } from '../../support/client.js'
import { CREATE_API_KEY, REVOKE_API_KEY } from '../../support/documents.js'
import { expectInvariants } from '../../support/invariants.js'
import { expectSignedOut } from '../../support/signed.out.js'

/** Service keys that act for users, for a backend that has signed them in itself. */

let app: TestApp
let service: { apiKey: { id: string }; client: TestClient }

beforeAll(async () => {
  app = await startTestApp()
  const scopes = ['act-on-behalf', 'threads:read', 'threads:write', 'spaces:read', 'admin']
  service = await app.seed.apiKey(app.withApiKey(), scopes)
})
afterAll(async () => {
  await expectInvariants(app.pool)
  await app[Symbol.asyncDispose]()
})

const FORBIDDEN = { code: 'INSUFFICIENT_PERMISSIONS', status: 403 }
const TRAIL = '{ auditEvents { edges { node { action actorId apiKeyId serviceUserId } } } }'

const actingFor = (userId: string | null, client: TestClient = service.client) =>
  client.with({ 'x-on-behalf-of': userId ?? '' })

describe('a service key', () => {
  test('acts for a user with its rights, over HTTP and WebSocket, and both stand in the audit trail', async () => {
    const { userId } = await app.seed.user()
    const user = actingFor(userId)

    expect((await user.must('Viewer')).viewer.id).toBe(userId)
    expect((await user.runOverWebSocket('Viewer')).data.viewer.id).toBe(userId)
    const { createThread } = await user.must('CreateThread', { input: {} })

    expect(createThread.thread.owner.id).toBe(userId)
    const signedIn = await app.as(userId ?? '')
    expect((await signedIn.must('Thread', { id: createThread.thread.id })).thread.id).toBe(
      createThread.thread.id,
    )
    const { auditEvents } = await signedIn.must(TRAIL)
    expect(auditEvents.edges[0].node).toEqual({
      action: 'thread.created',
      actorId: userId,
      apiKeyId: service.apiKey.id,
      serviceUserId: 'user_bootstrap',
    })
    expect((await service.client.must('Viewer')).viewer.id).toBe('user_bootstrap')
  })

  test('reads nothing that its user may not', async () => {
    const thread = await app.seed.thread()

    expect(await actingFor((await app.seed.user()).userId).run('Thread', { id: thread.id })).toFailWith({
      code: 'RESOURCE_NOT_FOUND',
    })
  })

  test('stays within its other scopes', async () => {
    const { id, owner } = await app.seed.organization()

    const reply = await actingFor(owner.userId).run('CreateSpace', {
      input: { organizationId: id, name: 'Knowledge' },
    })

    expect(reply).toFailWith({ ...FORBIDDEN, systemMessage: 'Scope spaces:write required' })
  })

  test('makes no key for its user', async () => {
    const input = { name: 'CI', scopes: ['threads:read'] }

    const reply = await actingFor((await app.seed.user()).userId).run(CREATE_API_KEY, { input })

    expect(reply).toFailWith({ ...FORBIDDEN, systemMessage: 'Own credential required' })
  })

  test.each(['system', 'user_bootstrap', 'two words', 'x'.repeat(129)])(
    'does not act for %j',
    async (userId) => {
      const reply = await actingFor(userId).run('Viewer')

      expect(reply.status).toBe(401)
      expect(reply).toFailWith({ code: 'UNAUTHENTICATED', systemMessage: 'Invalid X-On-Behalf-Of' })
    },
  )

  test('is made by the first user only', async () => {
    const input = { name: 'CI', scopes: ['act-on-behalf', 'threads:read'] }

    const reply = await (await app.seed.user()).run(CREATE_API_KEY, { input })

    expect(reply).toFailWith({ ...FORBIDDEN, systemMessage: 'First user required' })
  })

  test('that is revoked ends the subscriptions of those for whom it acted', async () => {
    const { owner, space } = await app.seed.spaceWithThread()
    const { apiKey, client } = await app.seed.apiKey(app.withApiKey(), ['act-on-behalf', 'spaces:read'])
    const watching = actingFor(owner.userId, client).subscribe('SpaceBackfillProgress', { spaceId: space.id })
    expect((await watching.next())?.errors).toBeUndefined()

    await app.withApiKey().must(REVOKE_API_KEY, { apiKeyId: apiKey.id })

    const refusal = { code: 'UNAUTHENTICATED', systemMessage: 'API key revoked' }
    await expectSignedOut(watching, { ...refusal, reason: 'Forbidden: API key revoked' })
  })
})

test.each([
  ['the first key', async () => app.withApiKey()],
  ['a token', () => app.seed.user()],
  ['a key without the scope', async () => (await app.seed.apiKey(await app.seed.user(), ['admin'])).client],
])('%s acts for nobody else', async (_, make) => {
  const reply = await actingFor('user_somebody', await make()).run('Viewer')

  expect(reply.status).toBe(403)
  expect(reply).toFailWith({ ...FORBIDDEN, systemMessage: 'Scope act-on-behalf required' })
})
