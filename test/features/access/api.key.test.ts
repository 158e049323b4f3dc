import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../../support/app.js'
import type { Json } from '../../support/client.js'
import { API_KEYS, CREATE_API_KEY, REVOKE_API_KEY } from '../../support/documents.js'
import { expectInvariants } from '../../support/invariants.js'
import { expectSignedOut } from '../../support/signed.out.js'

let app: TestApp

beforeAll(async () => {
  app = await startTestApp()
})
afterAll(async () => {
  await expectInvariants(app.pool)
  await app[Symbol.asyncDispose]()
})

const INVALID = { code: 'VALIDATION_ERROR', status: 422 }
const FORBIDDEN = { code: 'INSUFFICIENT_PERMISSIONS', status: 403 }
const HOUR_MS = 3_600_000

const keysOf = ({ apiKeys }: Json) => apiKeys.edges.map(({ node }: Json) => node)

describe('an API key', () => {
  test('signs in its user with the secret that is shown once, and is kept as a hash', async () => {
    const user = await app.seed.user()
    const variables = { input: { name: ' CI ', scopes: ['admin', 'threads:read'] }, idempotencyKey: 'once' }

    const { createApiKey } = await user.must(CREATE_API_KEY, variables)
    const again = await user.must(CREATE_API_KEY, variables)

    const { apiKey, secret } = createApiKey
    expect(secret).toMatch(/^hdl_[\w-]{43}$/)
    expect(again.createApiKey).toEqual({ apiKey, secret: null })
    expect(apiKey).toMatchObject({ name: 'CI', scopes: ['threads:read', 'admin'], revokedAt: null })
    const { viewer } = await app.withApiKey(secret).must('Viewer')
    expect(viewer.id).toBe(user.userId)
    const { rows } = await app.pool.query('select k::text as key from api_key k where id = $1', [apiKey.id])
    const { rows: kept } = await app.pool.query('select i::text as reply from idempotency_key i')
    expect(JSON.stringify([rows, kept])).not.toContain(secret.slice(8))
  })

  test('is in the list of its user only, with its last use', async () => {
    const user = await app.seed.user()
    const first = await app.seed.apiKey(user, ['threads:read'])
    const second = await app.seed.apiKey(user, ['spaces:read'])
    await app.seed.apiKey(await app.seed.user(), ['admin'])

    await first.client.must('Viewer')

    expect(keysOf(await user.must(API_KEYS))).toMatchObject([
      { id: second.apiKey.id, lastUsedAt: null },
      { id: first.apiKey.id, lastUsedAt: expect.any(String), prefix: first.apiKey.prefix },
    ])
  })

  test('notes its use at most once a minute, however many requests come at once', async () => {
    const { apiKey, client } = await app.seed.apiKey(await app.seed.user(), ['threads:read'])
    const version = async () => {
      const { rows } = await app.pool.query('select xmin::text, last_used_at from api_key where id = $1', [
        apiKey.id,
      ])
      return rows[0]
    }
    await client.must('Viewer')
    const noted = await version()
    await Promise.all(Array.from({ length: 8 }, () => client.must('Viewer')))
    expect(await version()).toEqual(noted)

    await app.pool.query(`update api_key set last_used_at = now() - interval '61 seconds' where id = $1`, [
      apiKey.id,
    ])
    await client.must('Viewer')

    expect((await version()).last_used_at.getTime()).toBeGreaterThanOrEqual(noted.last_used_at.getTime())
  })

  test('that is revoked signs nobody in, and ends the subscriptions that it began', async () => {
    const { owner, space } = await app.seed.spaceWithThread()
    const { apiKey, client } = await app.seed.apiKey(owner, ['spaces:read'])
    const watching = client.subscribe('SpaceBackfillProgress', { spaceId: space.id })
    expect((await watching.next())?.errors).toBeUndefined()

    const { revokeApiKey } = await owner.must(REVOKE_API_KEY, { apiKeyId: apiKey.id })

    const refusal = { code: 'UNAUTHENTICATED', systemMessage: 'API key revoked' }
    await expectSignedOut(watching, { ...refusal, reason: 'Forbidden: API key revoked' })
    expect(await client.run('Viewer')).toFailWith({ ...refusal, status: 401 })
    expect(await owner.must(REVOKE_API_KEY, { apiKeyId: apiKey.id })).toEqual({ revokeApiKey })
  })

  test('of somebody else is missing', async () => {
    const { apiKey, client } = await app.seed.apiKey(await app.seed.user(), ['admin'])

    const reply = await (await app.seed.user()).run(REVOKE_API_KEY, { apiKeyId: apiKey.id })

    expect(reply).toFailWith({ code: 'RESOURCE_NOT_FOUND', systemMessage: 'API key not found' })
    expect((await client.run('Viewer')).errors).toBeUndefined()
  })

  test.each([
    [{ name: '', scopes: ['admin'] }],
    [{ name: 'CI', scopes: [] }],
    [{ name: 'CI', scopes: ['admin', 'everything'] }],
    [{ name: 'CI', scopes: ['admin'], expiresAt: '2020-01-01T00:00:00Z' }],
  ])('is not made of %j', async (input) => {
    expect(await (await app.seed.user()).run(CREATE_API_KEY, { input })).toFailWith(INVALID)
  })

  test('makes none that may do more than itself, or for longer', async () => {
    const user = await app.seed.user()
    const [soon, later] = [new Date(Date.now() + HOUR_MS), new Date(Date.now() + 2 * HOUR_MS)]
    const { client } = await app.seed.apiKey(user, ['admin', 'threads:read'], soon)
    const make = (scopes: string[], expiresAt?: Date) =>
      client.run(CREATE_API_KEY, { input: { name: 'CI', scopes, expiresAt } })

    expect(await make(['threads:write'], soon)).toFailWith({
      ...FORBIDDEN,
      systemMessage: 'Scope threads:write required',
    })
    for (const expiresAt of [undefined, later]) {
      expect(await make(['threads:read'], expiresAt)).toFailWith({
        ...FORBIDDEN,
        systemMessage: 'Shorter expiry required',
      })
    }
    expect((await make(['threads:read'], soon)).errors).toBeUndefined()
  })

  test('is one of at most 100 live ones of a user, also when many are made at once', async () => {
    const user = await app.seed.user()
    await app.seed.apiKey(user, ['admin'])
    await app.pool.query(
      `insert into api_key (id, user_id, name, hash, prefix, scopes)
       select 'key_' || $1 || n, $1, 'Test', $1 || n, 'hdl_', '{}' from generate_series(1, 97) n`,
      [user.userId],
    )
    const input = { name: 'CI', scopes: ['threads:read'] }

    const replies = await Promise.all(Array.from({ length: 5 }, () => user.run(CREATE_API_KEY, { input })))

    const refused = replies.filter(({ errors }) => errors)
    expect(refused).toHaveLength(3)
    for (const reply of refused) expect(reply).toFailWith({ code: 'QUOTA_EXCEEDED', status: 403 })
  })
})

describe('the configured key', () => {
  const OTHER = 'hdl_another_key_of_the_tests_and_of_nobody'

  test('takes the place of an earlier one, and gives it back', async () => {
    await using first = await startTestApp()
    const key = keysOf(await first.withApiKey().must(API_KEYS))
    expect(key).toMatchObject([{ name: 'Bootstrap', scopes: [] }])
    await first.stop()
    const environment = { BOOTSTRAP_API_KEY: OTHER }
    await using second = await startTestApp({ database: first.database, environment })

    expect((await second.withApiKey(OTHER).run('Viewer')).errors).toBeUndefined()
    expect(await second.withApiKey().run('Viewer')).toFailWith({
      code: 'UNAUTHENTICATED',
      systemMessage: 'API key expired',
    })
    await second.stop()
    await using third = await startTestApp({ database: first.database })

    expect((await third.withApiKey().run('Viewer')).errors).toBeUndefined()
    expect(await third.withApiKey(OTHER).run('Viewer')).toFailWith({
      code: 'UNAUTHENTICATED',
      systemMessage: 'API key expired',
    })
  })

  test('that was revoked stays so over a start', async () => {
    await using first = await startTestApp()
    const [key] = keysOf(await first.withApiKey().must(API_KEYS))
    await first.withApiKey().must(REVOKE_API_KEY, { apiKeyId: key.id })
    await first.restart()

    expect(await first.withApiKey().run('Viewer')).toFailWith({
      code: 'UNAUTHENTICATED',
      systemMessage: 'API key revoked',
    })
  })
})
