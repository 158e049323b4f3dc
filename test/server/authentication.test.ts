import { createHash, randomUUID } from 'node:crypto'
import { UnsecuredJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../support/app.js'
import { signToken } from '../support/tokens.js'
import { expectRefused, expectSignedIn, withToken as tokenOn } from './sign.in.fixture.js'

let app: TestApp

beforeAll(async () => {
  app = await startTestApp()
})
afterAll(() => app[Symbol.asyncDispose]())

const withToken = (token: string) => tokenOn(app, token)

/** A key of a new user. */
async function createKey(columns: { expiresAt?: Date; revokedAt?: Date } = {}) {
  const { userId } = await app.seed.user()
  const key = `hdl_${randomUUID()}`
  await app.pool.query('insert into "user" (id) values ($1)', [userId])
  await app.pool.query(
    `insert into api_key (id, user_id, name, hash, prefix, scopes, expires_at, revoked_at)
     values ($1, $2, 'Test', $3, $4, $5, $6, $7)`,
    [
      `key_${randomUUID()}`,
      userId,
      createHash('sha256').update(key).digest('hex'),
      key.slice(0, 8),
      [],
      columns.expiresAt ?? null,
      columns.revokedAt ?? null,
    ],
  )
  return { key, userId, client: app.withApiKey(key) }
}

describe('an API key', () => {
  test('signs its user in, as X-API-Key and as a bearer token', async () => {
    const { key, userId } = await createKey()

    await expectSignedIn(app.withApiKey(key), userId)
    await expectSignedIn(withToken(key), userId)
    await expectSignedIn(app.anonymous().with({ 'X-API-KEY': key }), userId)
  })

  test('that was configured is the first user from the start', () =>
    expectSignedIn(app.withApiKey(), 'user_bootstrap'))

  test('that is unknown, expired or revoked is refused', async () => {
    await expectRefused(app.withApiKey('hdl_unknown'), 'Invalid API key')
    await expectRefused(
      (await createKey({ expiresAt: new Date(Date.now() - 1_000) })).client,
      'API key expired',
    )
    await expectRefused((await createKey({ revokedAt: new Date() })).client, 'API key revoked')
  })

  test('that is revoked stops at the next operation of an open socket', async () => {
    const { client, userId } = await createKey()
    await using socket = client.open()
    expect(await socket.run('Viewer')).toMatchObject({ data: { viewer: { id: userId } } })

    await app.pool.query('update api_key set revoked_at = now() where user_id = $1', [userId])

    expect(await socket.run('Viewer')).toFailWith({
      code: 'UNAUTHENTICATED',
      systemMessage: 'API key revoked',
    })
  })
})

describe('a token', () => {
  test('signs its sub in, and makes the user at its first sight', async () => {
    const sub = `user_${randomUUID()}`
    const client = withToken(await signToken({ sub, email: 'ada@example.com', name: 'Ada' }))

    await expectSignedIn(client, sub)

    const { rows } = await app.pool.query('select email, name from "user" where id = $1', [sub])
    expect(rows).toEqual([{ email: 'ada@example.com', name: 'Ada' }])
  })

  test('that is expired, not yet valid, unsigned or signed by someone else is refused', async () => {
    const sub = 'user_1'
    await expectRefused(withToken(await signToken({ sub }, undefined, '-1m')), 'Token expired')
    await expectRefused(withToken(await signToken({ sub, nbf: Date.now() / 1_000 + 600 })), 'Invalid token')
    await expectRefused(
      withToken(await signToken({ sub }, 'another secret, just as long as it must be')),
      'Invalid token',
    )
    await expectRefused(withToken(new UnsecuredJWT({ sub }).encode()), 'Invalid API key')
    const none = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from('{"sub":"user_1"}').toString('base64url')}.eA`
    await expectRefused(withToken(none), 'Invalid token')
  })

  test('beside an API key must name the same user', async () => {
    const { key, userId } = await createKey()

    await expectSignedIn((await app.as(userId as string)).with({ 'x-api-key': key }), userId)
    await expectRefused(
      (await app.as('user_other')).with({ 'x-api-key': key }),
      'Two credentials that name different users',
    )
  })
})

test('a credential of another form is refused', () =>
  expectRefused(
    app.anonymous().with({ authorization: 'Basic dXNlcjpwYXNz' }),
    'Authorization must be "Bearer <key or token>"',
  ))

test('without a credential, only what is about nobody is answered', async () => {
  const failure = { code: 'UNAUTHENTICATED', status: 401, systemMessage: 'No credential' }
  const stranger = app.anonymous()

  const overHttp = await stranger.run('Viewer')
  expect(overHttp.status).toBe(200)
  expect(overHttp).toFailWith(failure)
  expect(await stranger.runOverWebSocket('Viewer')).toFailWith(failure)
  expect(await stranger.run('CreateOrganization', { name: 'Acme' })).toFailWith(failure)
  expect(await stranger.runOverWebSocket('BackfillProgress', { backfillId: 'bkfl_1' })).toFailWith(failure)
  expect(await stranger.run('{ __typename }')).toMatchObject({ data: { __typename: 'Query' } })
})
