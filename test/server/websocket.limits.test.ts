import { createHash, randomUUID } from 'node:crypto'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { ClientOptions } from 'ws'
import { startTestApp, type TestApp } from '../support/app.js'
import { REVOKE_API_KEY } from '../support/documents.js'
import { eventually } from '../support/eventually.js'
import { RawSocket } from '../support/raw.socket.js'
import { signToken } from '../support/tokens.js'

const MEBIBYTE = 1_048_576
const VIEWER = '{ viewer { id } }'
const LIMITS = {
  WEBSOCKET_SOCKETS_PER_ADDRESS: '20',
  WEBSOCKET_SOCKETS_PER_USER: '3',
  WEBSOCKET_OPERATIONS_PER_SOCKET: '4',
  WEBSOCKET_OPERATIONS_PER_USER: '6',
  CORS_ORIGINS: 'https://app.example.com',
  TRUST_PROXY: '1',
}

let app: TestApp
let sockets: RawSocket[] = []

beforeAll(async () => {
  app = await startTestApp({ environment: LIMITS })
})
afterEach(async () => {
  for (const { socket } of sockets) socket.terminate()
  await Promise.all(sockets.map(({ closed }) => closed))
  sockets = []
})
afterAll(() => app[Symbol.asyncDispose]())

async function open(options?: ClientOptions): Promise<RawSocket> {
  const socket = await RawSocket.open(app.url, options)
  sockets.push(socket)
  return socket
}

async function createKey(): Promise<{ key: string; id: string; userId: string }> {
  const [id, key, userId] = [`key_${randomUUID()}`, `hdl_${randomUUID()}`, `user_${randomUUID()}`]
  await app.pool.query('insert into "user" (id) values ($1)', [userId])
  await app.pool.query(
    'insert into api_key (id, user_id, name, hash, prefix, scopes) values ($1, $2, $3, $4, $5, $6)',
    [id, userId, 'Test', createHash('sha256').update(key).digest('hex'), 'hdl_', []],
  )
  return { id, key, userId }
}

const forbidden = (why: string) => ({ code: 4403, reason: `Forbidden: ${why}` })

describe('before connection_init is accepted', () => {
  const TOO_MUCH = { code: 1009, reason: 'Too much before connection_init is accepted' }

  test('three connection_init of 16 MiB end their sockets, and not one of them is read', async () => {
    const strangers = await Promise.all([open(), open(), open()])
    for (const socket of strangers) {
      socket.send({ type: 'connection_init', payload: { padding: 'x'.repeat(16 * MEBIBYTE) } })
    }

    // The client may learn of the end while it is still sending.
    for (const { closed } of strangers) expect([1006, 1009]).toContain((await closed).code)
    expect((await app.withApiKey().run('Viewer')).errors).toBeUndefined()
  })

  test('64 KiB are taken in all, in however many frames', async () => {
    const socket = await open()
    for (let sent = 0; sent < 70; sent++)
      socket.send(`{"type":"ping","payload":{"x":"${'x'.repeat(1_000)}"}}`)

    expect(await socket.closed).toEqual(TOO_MUCH)
  })

  test('nor does a bad credential get more, while it is looked at', async () => {
    const socket = await open()
    socket.send({ type: 'connection_init', payload: { 'x-api-key': 'hdl_unknown' } })
    socket.send(`{"type":"ping","payload":{"x":"${'x'.repeat(100_000)}"}}`)

    expect([1009, 4403]).toContain((await socket.closed).code)
  })

  test('a long message is read afterwards, and one of more than 4 MiB ends the socket', async () => {
    const socket = await (await open()).init()
    socket.subscribe('1', '{ __typename }', { padding: 'x'.repeat(3 * MEBIBYTE) })
    await eventually(() => socket.expectMessage('complete', '1'))

    socket.subscribe('2', '{ __typename }', { padding: 'x'.repeat(4 * MEBIBYTE) })
    expect((await socket.closed).code).toBe(1009)
  })
})

test('an operation with JSON that is too deep is refused, and its socket goes on', async () => {
  const socket = await (await open()).init()
  const nested = `${'['.repeat(5_000)}${']'.repeat(5_000)}`
  socket.socket.send(
    `{"id":"deep","type":"subscribe","payload":{"query":"{ __typename }","variables":{"a":${nested}}}}`,
  )
  socket.subscribe('good', '{ __typename }')

  await eventually(() => socket.expectMessage('complete', 'good'))
  expect({ errors: socket.expectMessage('error', 'deep').payload }).toFailWith({ code: 'VALIDATION_ERROR' })
})

describe('the credential in connection_init', () => {
  test('must be a good one', async () => {
    const socket = await open()
    socket.send({ type: 'connection_init', payload: { 'X-API-Key': 'hdl_unknown' } })

    expect(await socket.closed).toEqual(forbidden('Invalid API key'))
    expect(socket.messages).toEqual([])
  })

  test('may be missing, and then nothing runs that needs one', async () => {
    const socket = await (await open()).init()
    socket.subscribe('1', '{ __typename }')
    socket.subscribe('2', VIEWER)

    await eventually(() => socket.expectMessage('complete', '2'))
    expect(socket.expectMessage('next', '1').payload).toEqual({ data: { __typename: 'Query' } })
    expect(socket.expectMessage('next', '2').payload).toFailWith({ code: 'UNAUTHENTICATED' })
  })

  test('ends the socket when it is revoked, after the operation that noticed it was told', async () => {
    const { id, key, userId } = await createKey()
    const socket = await (await open()).init({ 'x-api-key': key })
    socket.subscribe('1', VIEWER)
    await eventually(() => socket.expectMessage('complete', '1'))
    expect(socket.expectMessage('next', '1').payload).toEqual({ data: { viewer: { id: userId } } })

    await app.pool.query('update api_key set revoked_at = now() where id = $1', [id])
    socket.subscribe('2', VIEWER)

    expect(await socket.closed).toEqual(forbidden('API key revoked'))
    expect({ errors: socket.expectMessage('error', '2').payload }).toFailWith({ code: 'UNAUTHENTICATED' })
  })

  test('ends an idle socket as soon as its key is revoked', async () => {
    const user = await app.seed.user()
    const { apiKey, secret } = await app.seed.apiKey(user, ['threads:read'])
    const socket = await (await open()).init({ 'x-api-key': secret })

    await user.must(REVOKE_API_KEY, { apiKeyId: apiKey.id })

    expect(await socket.closed).toEqual(forbidden('API key revoked'))
  })

  test('ends an idle socket when its time is over', async () => {
    const expiresAt = Math.ceil(Date.now() / 1_000) + 1
    const token = await signToken({ sub: `user_${randomUUID()}`, exp: expiresAt }, undefined, null)
    const socket = await (await open()).init({ authorization: `Bearer ${token}` })

    expect(await socket.closed).toEqual(forbidden('Token expired'))
  })
})

describe('a page of another site', () => {
  test.each(['https://evil.example', 'https://app.example.com.evil.example', 'null', 'nonsense'])(
    'of %s is refused',
    async (origin) => {
      await expect(RawSocket.open(app.url, { origin })).rejects.toThrow('403')
    },
  )

  test('is let in when it is listed, as a page of this host is, and what is no page', async () => {
    for (const origin of ['https://app.example.com', new URL(app.url).origin])
      await (await open({ origin })).init()
    await (await open()).init()
  })
})

describe('there are bounds', () => {
  test('to the sockets of an address, which are given back', async () => {
    const from = (address: string) => ({ headers: { 'x-forwarded-for': address } })
    const first = await open(from('192.0.2.1'))
    for (let count = 1; count < 20; count++) await open(from(`203.0.113.9, 192.0.2.1`))

    await expect(RawSocket.open(app.url, from('192.0.2.1'))).rejects.toThrow('429')
    await open(from('192.0.2.2'))

    first.close()
    await first.closed
    await eventually(() => open(from('192.0.2.1')))
  })

  test('to the sockets of an IPv6 network, whose addresses one host may all have', async () => {
    const from = (host: number) => ({ headers: { 'x-forwarded-for': `2001:db8::${host}` } })
    for (let host = 1; host <= 20; host++) await open(from(host))

    await expect(RawSocket.open(app.url, from(21))).rejects.toThrow('429')
    await open({ headers: { 'x-forwarded-for': '2001:db8:0:1::1' } })
  })

  test('to the sockets of a user', async () => {
    const { key } = await createKey()
    const credential = { 'x-api-key': key }
    const first = await (await open()).init(credential)
    for (let count = 1; count < 3; count++) await (await open()).init(credential)

    const refused = await open()
    refused.send({ type: 'connection_init', payload: credential })
    expect(await refused.closed).toEqual({ code: 1013, reason: 'Too many sockets for this user' })

    first.close()
    await first.closed
    await eventually(async () => (await open()).init(credential))
  })

  test('to the operations of a socket and of a user, and no socket ends for it', async () => {
    const { owner, id: spaceId } = await app.seed.space()
    const credential = owner.headers
    const watch = 'subscription ($spaceId: ID!) { spaceBackfillProgress(spaceId: $spaceId) { status } }'
    const [one, two] = [await (await open()).init(credential), await (await open()).init(credential)]
    const refusal = { code: 'RATE_LIMITED', status: 429, systemMessage: 'Too many operations' }

    for (let id = 0; id < 5; id++) one.subscribe(`${id}`, watch, { spaceId })
    await eventually(() => one.expectMessage('error', '4'))
    expect({ errors: one.expectMessage('error', '4').payload }).toFailWith({
      ...refusal,
      details: { limit: 4 },
    })

    for (let id = 0; id < 3; id++) two.subscribe(`${id}`, watch, { spaceId })
    await eventually(() => two.expectMessage('error', '2'))
    expect({ errors: two.expectMessage('error', '2').payload }).toFailWith({
      ...refusal,
      details: { limit: 6 },
    })

    one.send({ id: '0', type: 'complete' })
    await eventually(async () => {
      const id = randomUUID()
      two.subscribe(id, VIEWER)
      await eventually(() => two.expectAnswer(id))
      two.expectMessage('complete', id)
    })
  })
})
