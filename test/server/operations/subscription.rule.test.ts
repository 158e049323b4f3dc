import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../../support/app.js'
import { TestEventStream } from '../../support/event.stream.js'

let app: TestApp

beforeAll(async () => {
  app = await startTestApp()
})
afterAll(() => app[Symbol.asyncDispose]())

const FIELD = 'backfillProgress(backfillId: "bkfl_none")'

test.each([
  ['@skip', `subscription ($flag: Boolean = true) { ${FIELD} @skip(if: $flag) { status } }`],
  ['@include', `subscription ($flag: Boolean = false) { ${FIELD} @include(if: $flag) { status } }`],
  [
    '@include in a fragment',
    `subscription { ...f } fragment f on Subscription { ${FIELD} @include(if: true) { status } }`,
  ],
  ['@skip of a fragment', `subscription { ... @skip(if: false) { ${FIELD} { status } } }`],
])(
  'a root field of a subscription with %s is refused on every transport, and the socket stays',
  async (_, query) => {
    const client = app.withApiKey()
    await using socket = client.open()
    await using stream = new TestEventStream(client)
    const refusal = { code: 'VALIDATION_ERROR', status: 400 }

    expect(await socket.run(query)).toFailWith(refusal)
    expect((await socket.run('Viewer')).errors).toBeUndefined()
    await stream.open(query)
    expect((await stream.next())?.data).toFailWith(refusal)
    expect(await client.run(query)).toFailWith(refusal)
  },
)

test('fields below it may be skipped', async () => {
  const query = `subscription { ${FIELD} { status @skip(if: true) total } }`

  expect(await app.withApiKey().runOverWebSocket(query)).toFailWith({ code: 'RESOURCE_NOT_FOUND' })
})
