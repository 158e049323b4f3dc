import { SignJWT } from 'jose'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { startTestApp, type TestApp } from '../support/app.js'
import { KeySet } from '../support/key.set.js'
import { JWT_SECRET, signToken } from '../support/tokens.js'
import { expectRefused, expectSignedIn, withToken } from './sign.in.fixture.js'

/** What of a token is checked, and where its keys come from. */

const ISSUER = 'https://id.example.com'
const MINUTE_MS = 60_000

let app: TestApp

beforeAll(async () => {
  app = await startTestApp()
})
afterEach(() => void vi.restoreAllMocks())
afterAll(() => app[Symbol.asyncDispose]())

/** Seconds from now. */
const inSeconds = (seconds: number) => Math.floor(Date.now() / 1_000) + seconds

describe('a token', () => {
  test('without exp or sub is refused', async () => {
    await expectRefused(
      withToken(app, await signToken({ sub: 'user_1' }, undefined, null)),
      'Token without exp',
    )
    await expectRefused(withToken(app, await signToken({})), 'Token without sub')
    await expectRefused(withToken(app, await signToken({ sub: '' })), 'Token without sub')
  })

  test('may be 30 seconds late or early, for subscriptions too', async () => {
    const sub = 'user_skew'
    const late = await signToken({ sub, exp: inSeconds(-20) }, undefined, null)
    await expectSignedIn(withToken(app, late), sub)
    await expectSignedIn(withToken(app, await signToken({ sub, nbf: inSeconds(20) })), sub)
    await expectRefused(
      withToken(app, await signToken({ sub, exp: inSeconds(-31) }, undefined, null)),
      'Token expired',
    )
    const { organization, owner, space } = await app.seed.spaceWithThread()
    await owner.must('AddOrganizationMember', { organizationId: organization.id, userId: sub, role: 'ADMIN' })
    const watching = withToken(app, late).subscribe('SpaceBackfillProgress', { spaceId: space.id })
    expect((await watching.next())?.errors).toBeUndefined()
    await watching.stop()
  })

  test.each([undefined, 'JWT', 'jwt', 'at+jwt', 'application/at+jwt'])(
    'of the type %s is taken',
    async (typ) => {
      await expectSignedIn(withToken(app, await signToken({ sub: 'user_1' }, undefined, '1h', typ)), 'user_1')
    },
  )

  test.each(['logout+jwt', 'secevent+jwt', 'dpop+jwt'])('of the type %s is refused', async (typ) => {
    const token = await signToken({ sub: 'user_1' }, undefined, '1h', typ)

    await expectRefused(withToken(app, token), 'Token of another type')
  })

  test.each([7, 0, null, ['user_1'], { id: 'user_1' }])('with the sub %j is refused', async (sub) => {
    await expectRefused(withToken(app, await signToken({ sub } as never)), 'Token with an invalid sub')
  })

  test.each(['system', 'user_bootstrap'])('with the sub %s, which is reserved, is refused', async (sub) => {
    await expectRefused(withToken(app, await signToken({ sub })), 'Token with a reserved sub')
  })
})

test('with a secret and a key set, each token is checked by its own, and one that has run out is told so', async () => {
  await using keys = await KeySet.start()
  await using other = await startTestApp({ environment: { JWT_SECRET, JWKS_URL: keys.url } })
  const sub = 'user_ada'

  await expectSignedIn(withToken(other, await signToken({ sub })), sub)
  await expectSignedIn(withToken(other, await keys.sign({ sub })), sub)
  await expectRefused(withToken(other, await signToken({ sub }, undefined, '-1m')), 'Token expired')
  await expectRefused(withToken(other, await keys.sign({ sub }, inSeconds(-60))), 'Token expired')
})

test('an outage of the key set is not noticed by whose key is known, and asked after once a cooldown', async () => {
  await using keys = await KeySet.start()
  await using other = await startTestApp({ environment: { JWT_SECRET: undefined, JWKS_URL: keys.url } })
  const sub = 'user_ada'
  let passed = 0
  const now = Date.now
  vi.spyOn(Date, 'now').mockImplementation(() => now() + passed)
  const token = await keys.sign({ sub }, inSeconds(3_600))
  const unknown = await keys.sign({ sub }, inSeconds(3_600), 'key-2')
  const read = async (bearer: string) => (await withToken(other, bearer).run('Viewer')).status
  expect(await read(token)).toBe(200)
  const asked = keys.requests

  keys.isDown = true
  passed += 11 * MINUTE_MS
  for (let count = 0; count < 5; count++) expect(await read(token)).toBe(200)
  for (let count = 0; count < 5; count++) expect(await read(unknown)).toBe(401)
  expect(keys.requests).toBe(asked + 1)
  passed += MINUTE_MS
  for (let count = 0; count < 5; count++) expect(await read(unknown)).toBe(401)

  expect(keys.requests).toBe(asked + 2)
})

test.each([
  [{ JWT_ISSUER: undefined, JWT_AUDIENCE: undefined }, 'JWT_ISSUER and JWT_AUDIENCE not set'],
  [{ JWT_ISSUER: ISSUER, JWT_AUDIENCE: undefined }, 'JWT_AUDIENCE not set'],
  [{ JWT_ISSUER: ISSUER, JWT_AUDIENCE: 'heddle' }, null],
])('a start with %j says what it does not check', async (environment, warning) => {
  await using other = await startTestApp({ environment })

  const said = other.logs.text()
  if (warning === null) expect(said).not.toContain('not set')
  else expect(said).toContain(`${warning}: a token that the same key signed`)
})

test('tokens of a published key set sign in when issuer and audience are the configured ones', async () => {
  await using keys = await KeySet.start()
  await using other = await startTestApp({
    environment: { JWT_SECRET: undefined, JWKS_URL: keys.url, JWT_ISSUER: ISSUER, JWT_AUDIENCE: 'heddle' },
  })
  const claims = { sub: 'user_ada', iss: ISSUER, aud: 'heddle', sid: 'session_1' }

  await expectSignedIn(withToken(other, await keys.sign(claims)), 'user_ada')
  await expectRefused(
    withToken(other, await keys.sign({ ...claims, iss: 'https://else.example.com' })),
    'Invalid token',
  )
  await expectRefused(withToken(other, await keys.sign({ ...claims, aud: 'another' })), 'Invalid token')
  await expectRefused(withToken(other, await signToken(claims)), 'Invalid token')
})

test('a public key is never taken for an HS256 secret', async () => {
  await using keys = await KeySet.start()
  await using other = await startTestApp({ environment: { JWT_SECRET: undefined, JWKS_URL: keys.url } })
  const published = await (await fetch(keys.url)).text()
  const forged = await new SignJWT({ sub: 'user_ada' })
    .setProtectedHeader({ alg: 'HS256', kid: 'key-1' })
    .setExpirationTime('1h')
    .sign(new TextEncoder().encode(published))

  await expectRefused(withToken(other, forged), 'Invalid token')
})

test('while the key set cannot be fetched, a token gets SERVICE_UNAVAILABLE for the whole request', async () => {
  const keys = await KeySet.start()
  await using other = await startTestApp({ environment: { JWT_SECRET: undefined, JWKS_URL: keys.url } })
  const client = withToken(other, await keys.sign({ sub: 'user_ada' }))
  await keys[Symbol.asyncDispose]()

  const reply = await client.run('Viewer')

  expect(reply.status).toBe(503)
  expect(reply).toFailWith({ code: 'SERVICE_UNAVAILABLE', systemMessage: 'Key set unavailable' })
})
