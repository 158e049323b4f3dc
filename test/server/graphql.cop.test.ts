import { get, type IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../support/app.js'
import type { Json } from '../support/client.js'

/** The checks of graphql-cop, against a deployment that is configured as one in production. */

let app: TestApp

beforeAll(async () => {
  app = await startTestApp({
    environment: { ENVIRONMENT: 'production', INTROSPECTION: 'nobody', SUGGESTIONS: 'nobody' },
  })
})
afterAll(() => app[Symbol.asyncDispose]())

const times = (count: number, text: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => text(index)).join(' ')

/** Documents, and what in their reply would be a finding. */
const DOCUMENTS: [name: string, document: string, isFinding: (reply: Json) => boolean][] = [
  ['alias overloading', `{ ${times(101, (n) => `alias${n}: __typename`)} }`, ({ data }) => !!data?.alias100],
  ['directive overloading', `{ __typename ${'@aa'.repeat(10)} }`, ({ errors }) => errors?.length === 10],
  ['field duplication', `{ ${times(500, () => '__typename')} }`, ({ data }) => !!data?.__typename],
  [
    'circular introspection',
    '{ __schema { types { fields { type { fields { type { fields { type { fields { type { name } } } } } } } } } } }',
    ({ data }) => (data?.__schema?.types.length ?? 0) > 25,
  ],
  ['introspection', '{ __schema { types { name fields { name } } } }', ({ data }) => !!data?.__schema],
  ['field suggestions', '{ viewr }', (reply) => JSON.stringify(reply).includes('Did you mean')],
  ['trace mode', '{ viewer { id } }', ({ extensions }) => extensions?.tracing !== undefined],
  [
    'unhandled errors',
    'qwerty cop { abc }',
    (reply) => /exception|stacktrace|node_modules/.test(JSON.stringify(reply)),
  ],
]

describe.each(['nobody', 'a user'])('asked by %s,', (who) => {
  const client = () => (who === 'nobody' ? app.anonymous() : app.withApiKey())

  test.each(DOCUMENTS)('%s finds nothing over HTTP', async (_, document, isFinding) => {
    const reply = await client().run(document)

    expect(isFinding(reply)).toBe(false)
    expect(reply.status).toBeLessThan(500)
  })

  test.each(DOCUMENTS)('%s finds nothing over WebSocket', async (_, document, isFinding) => {
    const reply = await client().runOverWebSocket(document)

    expect(isFinding(reply)).toBe(false)
    for (const { extensions } of reply.errors ?? []) expect(extensions.status).toBeLessThan(500)
  })
})

test('a batch finds nothing', async () => {
  const response = await app.withApiKey().post(JSON.stringify(Array(10).fill({ query: '{ __typename }' })))

  expect(response.status).toBe(400)
  expect(Array.isArray(await response.json())).toBe(false)
})

test('a mutation by GET finds nothing', async () => {
  const query = encodeURIComponent('mutation { createOrganization(name: "Cop") { organization { id } } }')
  const response = await fetch(`${app.url}?query=${query}`, { headers: app.withApiKey().headers })

  expect(response.status).toBe(405)
})

test('a query by GET, as a link of another site sends it, finds nothing', async () => {
  // A browser says of itself that a link was followed; the tool says nothing.
  const response = await new Promise<IncomingMessage>((resolve) =>
    get(`${app.url}?query=%7B__typename%7D`, resolve),
  )

  expect(response.statusCode).toBe(400)
  expect(JSON.parse(await text(response))).not.toHaveProperty('data')
})

test('a form of another site finds nothing', async () => {
  for (const contentType of [
    'application/x-www-form-urlencoded',
    'text/plain',
    'multipart/form-data; boundary=a',
  ]) {
    const response = await app.withApiKey().post('query=%7B__typename%7D', { 'content-type': contentType })

    expect([400, 415]).toContain(response.status)
    expect(await response.json()).not.toHaveProperty('data')
  }
})

test.each(['/graphql', '/graphiql', '/playground', '/console', '/graph', '/graphiql/'])(
  'GraphiQL is not found at %s',
  async (path) => {
    const response = await fetch(new URL(path, app.url), { headers: { accept: 'text/html' } })

    expect(await response.text()).not.toMatch(/<html|<script/i)
    expect(response.status).toBeGreaterThanOrEqual(400)
  },
)
