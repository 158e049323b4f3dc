import { createHash, randomUUID } from 'node:crypto'
import { SignJWT, UnsecuredJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../support/app.js'
import type { TestClient } from '../support/client.js'
import { KeySet } from '../support/key.set.js'
import { signToken } from '../support/tokens.js'

const ISSUER = 'https://id.example.com'

let app: TestApp

beforeAll(async () => {
  app = await startTestApp()
})
afterAll(() => app[Symbol.asyncDispose]())

const withToken = (token: string, on: TestApp = app) =>
  on.anonymous().with({ authorization: `Bearer ${token}` })

/** A key of a new user. */
async function makeKey(columns: { scopes?: string[]; expiresAt?: Date; revokedAt?: Date } = {}) {
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
      columns.scopes ?? [],
      columns.expiresAt ?? null,
      columns.revokedAt ?? null,
    ],
  )
  return { key, userId, client: app.withApiKey(key) }
}

async function expectSignedIn(client: TestClient, userId: string | null): Promise<void> {
  const signedIn = { data: { viewer: { id: userId } } }
  expect(await client.run('Viewer')).toMatchObject({ ...signedIn, status: 200 })
  expect(await client.runOverWebSocket('Viewer')).toMatchObject(signedIn)
}

async function expectRefused(client: TestClient, systemMessage: string): Promise<void> {
  const failure = { code: 'UNAUTHENTICATED', status: 401, type: 'authentication_error', systemMessage }
  const overHttp = await client.run('Viewer')
  expect(overHttp.status).toBe(401)
  expect(overHttp).toFailWith(failure)
  expect(await client.runOverWebSocket('Viewer')).toFailWith(failure)
}

describe('an API key', () => {
  test('signs its user in, as X-API-Key and as a bearer token', async () => {
    const { key, userId } = await makeKey()

    await expectSignedIn(app.withApiKey(key), userId)
    await expectSignedIn(withToken(key), userId)
    await expectSignedIn(app.anonymous().with({ 'X-API-KEY': key }), userId)
  })

  test('that was configured is the first user from the start', () =>
    expectSignedIn(app.withApiKey(), 'user_bootstrap'))

  test('that is unknown, expired or revoked is refused', async () => {
    await expectRefused(app.withApiKey('hdl_unknown'), 'Invalid API key')
    await expectRefused(
      (await makeKey({ expiresAt: new Date(Date.now() - 1_000) })).client,
      'API key expired',
    )
    await expectRefused((await makeKey({ revokedAt: new Date() })).client, 'API key revoked')
  })

  test('that is revoked stops at the next operation of an open socket', async () => {
    const { client, userId } = await makeKey()
    await using socket = client.open()
    expect(await socket.run('Viewer')).toMatchObject({ data: { viewer: { id: userId } } })

    await app.pool.query('update api_key set revoked_at = now() where user_id = $1', [userId])

    expect(await socket.run('Viewer')).toFailWith({
      code: 'UNAUTHENTICATED',
      systemMessage: 'API key revoked',
    })
  })

  test('that may only read changes nothing', async () => {
    const { client, userId } = await makeKey({ scopes: ['read'] })
    const failure = { code: 'INSUFFICIENT_PERMISSIONS', status: 403, systemMessage: 'Write scope required' }

    await expectSignedIn(client, userId)
    expect(await client.run('CreateOrganization', { name: 'Acme' })).toFailWith(failure)
    expect(await client.runOverWebSocket('CreateOrganization', { name: 'Acme' })).toFailWith(failure)
    const { rows } = await app.pool.query('select 1 from member where user_id = $1', [userId])
    expect(rows).toEqual([])
  })

  test('that may write does', async () => {
    const { client } = await makeKey({ scopes: ['read', 'write'] })

    expect((await client.run('CreateOrganization', { name: 'Acme' })).errors).toBeUndefined()
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

  test('without a sub is refused', async () => {
    const reply = await withToken(await signToken({})).run('Viewer')

    expect(reply.status).toBe(401)
    expect(reply).toFailWith({ code: 'UNAUTHENTICATED' })
  })

  test('beside an API key must name the same user', async () => {
    const { key, userId } = await makeKey()

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

test('a subscription with a bad credential is answered, and the socket stays', async () => {
  await using socket = app.withApiKey('hdl_unknown').open()
  const subscription = socket.subscribe('BackfillProgress', { backfillId: 'bkfl_1' })

  const replies = await subscription.rest()

  expect(replies).toHaveLength(1)
  expect(replies[0]).toFailWith({ code: 'UNAUTHENTICATED', systemMessage: 'Invalid API key' })
  expect(await subscription.end()).toEqual({ kind: 'completed' })
})

test('tokens of a published key set sign in when issuer and audience are the configured ones', async () => {
  await using keys = await KeySet.start()
  await using other = await startTestApp({
    environment: { JWT_SECRET: undefined, JWKS_URL: keys.url, JWT_ISSUER: ISSUER, JWT_AUDIENCE: 'heddle' },
  })
  const claims = { sub: 'user_ada', iss: ISSUER, aud: 'heddle', sid: 'session_1' }

  await expectSignedIn(withToken(await keys.sign(claims), other), 'user_ada')
  await expectRefused(
    withToken(await keys.sign({ ...claims, iss: 'https://else.example.com' }), other),
    'Invalid token',
  )
  await expectRefused(withToken(await keys.sign({ ...claims, aud: 'another' }), other), 'Invalid token')
  await expectRefused(withToken(await signToken(claims), other), 'Invalid token')
})

test('a public key is never taken for an HS256 secret', async () => {
  await using keys = await KeySet.start()
  await using other = await startTestApp({ environment: { JWT_SECRET: undefined, JWKS_URL: keys.url } })
  const published = await (await fetch(keys.url)).text()
  const forged = await new SignJWT({ sub: 'user_ada' })
    .setProtectedHeader({ alg: 'HS256', kid: 'key-1' })
    .sign(new TextEncoder().encode(published))

  await expectRefused(withToken(forged, other), 'Invalid token')
})

test('while the key set cannot be fetched, a token gets SERVICE_UNAVAILABLE for the whole request', async () => {
  const keys = await KeySet.start()
  await using other = await startTestApp({ environment: { JWT_SECRET: undefined, JWKS_URL: keys.url } })
  const client = withToken(await keys.sign({ sub: 'user_ada' }), other)
  await keys[Symbol.asyncDispose]()

  const reply = await client.run('Viewer')

  expect(reply.status).toBe(503)
  expect(reply).toFailWith({ code: 'SERVICE_UNAVAILABLE', systemMessage: 'Key set unavailable' })
})
