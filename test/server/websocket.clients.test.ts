import { randomBytes, randomUUID } from 'node:crypto'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../support/app.js'
import { eventually } from '../support/eventually.js'
import { RawSocket } from '../support/raw.socket.js'

// A reply of about 400 KB.
const LONG_QUERY =
  '{ __schema { types { name description fields(includeDeprecated: true) { name description args { name description } } } } }'

let app: TestApp
/** Another node of it, which asks often whether its clients are there. */
let pinging: TestApp
let sockets: RawSocket[] = []

beforeAll(async () => {
  const environment = {
    WEBSOCKET_UNREAD_BYTES: '1048576',
    WEBSOCKET_WRITE_SECONDS: '3600',
    WEBSOCKET_PING_SECONDS: '3600',
  }
  app = await startTestApp({ environment })
  pinging = await startTestApp({ database: app.database, environment: { WEBSOCKET_PING_SECONDS: '1' } })
})
afterEach(() => {
  for (const { socket } of sockets) socket.terminate()
  sockets = []
})
afterAll(async () => {
  await pinging[Symbol.asyncDispose]()
  await app[Symbol.asyncDispose]()
})

async function open({ url, autoPong = true }: { url?: string; autoPong?: boolean } = {}): Promise<RawSocket> {
  const socket = await RawSocket.open(url ?? app.url, { autoPong })
  sockets.push(socket)
  return socket.init(app.withApiKey().headers)
}

const givenUp = () => app.logs.all().filter(({ msg }) => msg === 'websocket closed: its client does not read')

describe('a client that does not read', () => {
  test('loses its socket once too much waits for it', async () => {
    const socket = await open()
    const before = givenUp().length
    socket.socket.pause()

    await eventually(() => {
      for (let count = 0; count < 20; count++) socket.subscribe(randomUUID(), LONG_QUERY)
      expect(givenUp()).toHaveLength(before + 1)
    }, 100)
    expect((await app.withApiKey().run('Viewer')).errors).toBeUndefined()
    socket.socket.resume()
    expect((await socket.closed).code).toBe(1006)
  })

  test('loses it too where it only pings', async () => {
    const socket = await open()
    const before = givenUp().length
    socket.socket.pause()

    const padding = 'x'.repeat(60_000)
    await eventually(() => {
      for (let count = 0; count < 20; count++) socket.send({ type: 'ping', payload: { padding } })
      expect(givenUp().length).toBeGreaterThan(before)
    })
  })
})

describe('a ping', () => {
  test('is answered by a client that is there, which keeps its socket', async () => {
    const socket = await open({ url: pinging.url })
    const nonces: string[] = []
    socket.socket.on('ping', (nonce: Buffer) => nonces.push(nonce.toString('hex')))

    await eventually(() => expect(nonces.length).toBeGreaterThanOrEqual(3))

    expect(new Set(nonces).size).toBe(nonces.length)
    expect(nonces.every((nonce) => nonce.length === 16)).toBe(true)
    expect(socket.socket.readyState).toBe(socket.socket.OPEN)
  })

  test('that is not answered ends the socket', async () => {
    expect((await (await open({ url: pinging.url, autoPong: false })).closed).code).toBe(1006)
  })

  test('must come back as it was', async () => {
    const socket = await open({ url: pinging.url, autoPong: false })
    socket.socket.on('ping', () => socket.socket.pong(randomBytes(8)))

    expect((await socket.closed).code).toBe(1006)
  })
})

describe('what is no message', () => {
  test.each([
    ['no JSON', '{"type":'],
    ['a list', '[]'],
    ['null', 'null'],
    ['of an unknown type', '{"type":"nonsense"}'],
    ['without an id', '{"type":"subscribe","payload":{"query":"{ __typename }"}}'],
    ['without a payload', '{"id":"1","type":"subscribe"}'],
    ['with a query that is no text', '{"id":"1","type":"subscribe","payload":{"query":1}}'],
    [
      'with variables that are no object',
      '{"id":"1","type":"subscribe","payload":{"query":"{a}","variables":[1]}}',
    ],
    ['of NUL', '\u0000'],
  ])('(%s) ends its own socket, and no other', async (_, text) => {
    const [malformed, other] = [await open(), await open()]

    malformed.socket.send(text)

    expect((await malformed.closed).code).toBe(4400)
    other.subscribe('1', '{ __typename }')
    await eventually(() => other.expectMessage('complete', '1'))
  })

  test('(bytes that are no frame) ends its own socket with a protocol error', async () => {
    const socket = await open()
    const { _socket: stream } = socket.socket as unknown as { _socket: { write(bytes: Buffer): void } }

    stream.write(Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff]))

    expect([1002, 1006]).toContain((await socket.closed).code)
    expect((await app.withApiKey().run('Viewer')).errors).toBeUndefined()
  })

  test('an operation that is refused ends nothing else on its socket', async () => {
    const socket = await open()
    socket.subscribe('syntax', '{')
    socket.subscribe('field', '{ nonsense }')
    socket.subscribe('variable', 'query ($id: ID!) { thread(threadId: $id) { id } }', { id: { a: 1 } })
    socket.subscribe('name', 'query a { __typename } query b { __typename }')
    for (const id of ['syntax', 'field', 'name']) {
      await eventually(() => socket.expectAnswer(id))
      expect({ errors: socket.expectMessage('error', id).payload }).toFailWith({ code: 'VALIDATION_ERROR' })
    }
    await eventually(() => socket.expectAnswer('variable'))

    socket.subscribe('good', '{ viewer { id } }')
    await eventually(() => socket.expectMessage('complete', 'good'))
    expect(app.logs.complaints()).toEqual([])
  })
})
