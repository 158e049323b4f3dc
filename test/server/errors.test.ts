import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../support/app.js'
import type { ReplyError, TestClient } from '../support/client.js'

let app: TestApp
let owner: TestClient

beforeAll(async () => {
  app = await startTestApp()
  owner = await app.seed.user()
})
afterAll(() => app[Symbol.asyncDispose]())

const NOT_FOUND = { code: 'RESOURCE_NOT_FOUND', status: 404, type: 'client_error' }

/** Runs `work` while a table is missing, which no code of ours expects. */
async function without<Result>(table: string, work: () => Promise<Result>): Promise<Result> {
  await app.pool.query(`alter table ${table} rename to mislaid`)
  try {
    return await work()
  } finally {
    await app.pool.query(`alter table mislaid rename to ${table}`)
  }
}

function expectMasked(errors: readonly ReplyError[] | undefined): string {
  const [error] = errors ?? []
  expect(error?.message).toBe('An unexpected error occurred. Quote the trace id when you report it.')
  expect(error?.extensions).toMatchObject({
    code: 'INTERNAL_SERVER_ERROR',
    status: 500,
    type: 'server_error',
  })
  expect(JSON.stringify(errors)).not.toMatch(/relation|select|insert|\.[jt]s\b|stack|node_modules|postgres/i)
  return error?.extensions.traceId
}

test('an error has every field of the envelope, the same over HTTP and over WebSocket', async () => {
  const overHttp = await owner.run('Thread', { id: 'thrd_none' })
  const overWebSocket = await owner.runOverWebSocket('Thread', { id: 'thrd_none' })

  for (const reply of [overHttp, overWebSocket]) {
    expect(reply).toMatchObject({ data: { thread: null } })
    expect(reply.errors).toEqual([
      {
        message: 'The thread does not exist, or you cannot see it.',
        path: ['thread'],
        locations: [{ line: 2, column: 3 }],
        extensions: {
          ...NOT_FOUND,
          message: 'The thread does not exist, or you cannot see it.',
          systemMessage: 'Thread not found',
          details: { threadId: 'thrd_none' },
          traceId: expect.stringMatching(/^[\da-f]{32}$/),
          timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
        },
      },
    ])
  }
  expect(overHttp.status).toBe(200)
})

test('a subscription that cannot start answers with the envelope and completes; the socket stays', async () => {
  await using socket = owner.open()
  const subscription = socket.subscribe('BackfillProgress', { backfillId: 'bkfl_none' })

  const [reply, ...others] = await subscription.rest()

  expect(reply).toFailWith({ ...NOT_FOUND, systemMessage: 'Backfill not found' })
  expect(others).toEqual([])
  expect(await subscription.end()).toEqual({ kind: 'completed' })
  expect(await socket.run('Viewer')).toMatchObject({ data: { viewer: { id: owner.userId } } })
})

test('who loses access while it watches gets the error as the last event, and the stream completes', async () => {
  const space = await app.seed.space()
  const viewer = await app.seed.grant(space, 'VIEWER')
  await using socket = viewer.open()
  const subscription = socket.subscribe('SpaceBackfillProgress', { spaceId: space.id })
  const thread = await app.seed.thread({
    organization: { id: space.organizationId, owner: space.owner },
    messages: 1,
  })
  await app.seed.link(space, thread)
  expect((await subscription.next())?.errors).toBeUndefined()

  await space.owner.must('RevokeSpaceAccess', { spaceId: space.id, userId: viewer.userId })

  const replies = await subscription.rest()
  expect(replies.at(-1)).toFailWith({ ...NOT_FOUND, systemMessage: 'Space not found' })
  expect(await subscription.end()).toEqual({ kind: 'completed' })
  expect((await socket.run('Viewer')).errors).toBeUndefined()
})

test('an unexpected error is masked, whatever brought the request, and logged once with its trace', async () => {
  const [overHttp, overWebSocket, subscription] = await without('space', async () => [
    await owner.run('Space', { id: 'space_1' }),
    await owner.runOverWebSocket('Space', { id: 'space_1' }),
    await owner.runOverWebSocket('SpaceBackfillProgress', { spaceId: 'space_1' }),
  ])

  const traces = [overHttp, overWebSocket, subscription].map(({ errors }) => expectMasked(errors))

  const logged = app.logs.complaints().filter(({ traceId }) => traces.includes(traceId))
  expect(logged.map(({ traceId }) => traceId)).toEqual(traces)
  expect(logged[0].err.message).toContain('relation "space" does not exist')
})

test('one failed mutation does not take its siblings along', async () => {
  const { data, errors } = await owner.run(
    'mutation { a: deleteSpace(spaceId: "space_none") { deletedSpaceId } b: createOrganization(name: "Acme") { organization { name } } }',
  )

  expect(data).toEqual({ a: null, b: { organization: { name: 'Acme' } } })
  expect({ errors }).toFailWith({ ...NOT_FOUND, systemMessage: 'Space not found' })
})

const INVALID = { code: 'VALIDATION_ERROR', status: 400, type: 'validation_error' }

test.each([
  ['that is no GraphQL', '{ viewer {', {}, 'Syntax Error: Expected Name, found <EOF>.'],
  [
    'with a field that is not there',
    '{ viewer { age } }',
    {},
    'Cannot query field "age" on type "ViewerProfile". Did you mean "name"?',
  ],
  [
    'that lacks a variable',
    'query($id: ID!) { thread(id: $id) { id } }',
    {},
    'Variable "$id" of required type "ID!" was not provided.',
  ],
  [
    'with a variable of another type',
    'query($id: ID!) { thread(id: $id) { id } }',
    { id: [1] },
    'Variable "$id" got invalid value [1]; ID cannot represent value: [1]',
  ],
  [
    'with a literal of another type',
    '{ threads(first: "two") { totalCount } }',
    {},
    'Int cannot represent non-integer value: "two"',
  ],
])(
  'a document %s is a VALIDATION_ERROR, over HTTP with status 400',
  async (_, document, variables, message) => {
    const overHttp = await owner.run(document, variables)
    const overWebSocket = await owner.runOverWebSocket(document, variables)

    expect(overHttp.status).toBe(400)
    expect(overHttp).toFailWith({ ...INVALID, message })
    expect(overWebSocket).toFailWith({ ...INVALID, message })
    expect(overHttp.errors?.[0]?.locations).toEqual(overWebSocket.errors?.[0]?.locations)
    expect(overHttp.errors?.[0]?.locations).toHaveLength(1)
  },
)

test('a document with several operations needs the name of one', async () => {
  const document = 'query A { viewer { id } } query B { viewer { id } }'

  expect(await owner.run(document)).toFailWith(INVALID)
  expect(await owner.runOverWebSocket(document)).toFailWith(INVALID)
})

test.each([
  [
    'too deep',
    `{ thread(id: "t") { ${'spaces { edges { node { threads { edges { node { '.repeat(2)} id ${'} '.repeat(12)} } }`,
    /more than 12 levels deep/,
  ],
  ['too wide', `{ ${'viewer { id } '.repeat(600)} }`, /selects the same fields too often/],
  [
    'too wide by its aliases',
    `{ ${Array.from({ length: 101 }, (_, index) => `a${index}: viewer { id }`).join(' ')} }`,
    /more than 100 aliases/,
  ],
  [
    'too wide by its fragments',
    `{ ${Array.from({ length: 60 }, (_, index) => `a${index}: viewer { ...a }`).join(' ')} } fragment a on ViewerProfile { ${'id '.repeat(17)} }`,
    /selects more than/,
  ],
  ['too long', `{ ${'viewer { id } '.repeat(2_600)} }`, /more than 10,000 tokens/],
])('a document that is %s is refused', async (_, document, message) => {
  const overHttp = await owner.run(document)
  const overWebSocket = await owner.runOverWebSocket(document)

  for (const { errors } of [overHttp, overWebSocket]) {
    expect(errors?.map((error) => error.message)).toContainEqual(expect.stringMatching(message))
    expect(errors?.every(({ extensions }) => extensions.code === 'VALIDATION_ERROR')).toBe(true)
  }
})

test('introspection works without a credential, however deep it is', async () => {
  const { getIntrospectionQuery } = await import('graphql')
  const { data, errors } = await app.anonymous().run(getIntrospectionQuery())

  expect(errors).toBeUndefined()
  expect(data.__schema.queryType.name).toBe('Query')
})
