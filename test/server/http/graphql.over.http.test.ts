import { auditServer } from 'graphql-http'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../../support/app.js'
import type { Json } from '../../support/client.js'

let app: TestApp

beforeAll(async () => {
  app = await startTestApp()
})
afterAll(() => app[Symbol.asyncDispose]())

const OLD = 'application/json'
const CURRENT = 'application/graphql-response+json'

async function post(body: unknown, headers: Record<string, string> = {}): Promise<Json> {
  const response = await app.withApiKey().post(JSON.stringify(body), headers)
  const { headers: replied, status } = response
  return { status, headers: replied, ...((await response.json()) as Json) }
}

test('every audit of GraphQL over HTTP is passed', async () => {
  const results = await auditServer({ url: app.url })

  expect(results.filter(({ status }) => status !== 'ok')).toEqual([])
  expect(results).toHaveLength(61)
})

test.each([
  ['no JSON', '{"query":', 400],
  ['a document that cannot be parsed', { query: '{' }, 400],
  ['a field that is not there', { query: '{ nothing }' }, 400],
  ['a missing variable', { query: 'query ($id: ID!) { thread(id: $id) { id } }' }, 400],
  ['a subscription', { query: 'subscription { backfillProgress(backfillId: "b") { status } }' }, 400],
])('with the current media type, %s has the status of its envelope: %3$i', async (_, body, status) => {
  const response = await app.withApiKey().post(typeof body === 'string' ? body : JSON.stringify(body), {
    accept: CURRENT,
  })
  const { errors, ...rest } = (await response.json()) as Json

  expect(response.status).toBe(status)
  expect(response.headers.get('content-type')).toBe(`${CURRENT}; charset=utf-8`)
  expect(errors[0].extensions).toMatchObject({ code: 'VALIDATION_ERROR', status })
  expect(rest).not.toHaveProperty('data')
})

test('with the old media type, what could be read but was refused has the status 200', async () => {
  const refused = [
    await post({ query: '{' }, { accept: OLD }),
    await post({ query: '{ nothing }' }, { accept: OLD }),
    await post({ query: '{ viewer { id } }' }, { accept: OLD, 'x-api-key': 'hdl_of_nobody' }),
  ]

  expect(refused.map(({ status, errors }) => [status, errors[0].extensions.status])).toEqual([
    [200, 400],
    [200, 400],
    [200, 401],
  ])
})

test('a mutation whose reply the client would not take is not carried out', async () => {
  const owner = await app.seed.user()
  const response = await owner.post(
    JSON.stringify({ query: 'mutation { createOrganization(name: "Unseen") { organization { id } } }' }),
    { accept: 'text/csv' },
  )

  expect(response.status).toBe(406)
  expect((await response.json()) as Json).toFailWith({ code: 'VALIDATION_ERROR', status: 406 })
  const { viewer } = await owner.must('Viewer')
  expect(viewer.organizations.edges).toEqual([])
})

test('a subscription over POST is refused with words that help', async () => {
  for (const accept of [OLD, CURRENT]) {
    const { status, errors } = await post(
      { query: 'subscription { backfillProgress(backfillId: "b") { status } }' },
      { accept },
    )

    expect(status).toBe(400)
    expect(errors[0].message).toMatch(/WebSocket.*\/graphql\/stream/)
  }
})

test('a document that is sent by its hash alone is not known, and clients send its text then', async () => {
  const persistedQuery = { version: 1, sha256Hash: 'a'.repeat(64) }

  expect(await post({ extensions: { persistedQuery } })).toFailWith({
    code: 'PERSISTED_QUERY_NOT_SUPPORTED',
    message: 'PersistedQueryNotSupported',
    status: 400,
  })
  expect(await post({ query: '{ __typename }', extensions: { persistedQuery } })).toMatchObject({
    data: { __typename: 'Query' },
  })
})
