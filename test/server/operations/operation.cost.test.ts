import { getIntrospectionQuery } from 'graphql'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../../support/app.js'
import type { Json, TestClient } from '../../support/client.js'
import { documentOf } from '../../support/operations.js'

let app: TestApp
let owner: TestClient

beforeAll(async () => {
  app = await startTestApp()
  owner = await app.seed.user()
})
afterAll(() => app[Symbol.asyncDispose]())

async function costOf(query: string, variables: Record<string, unknown> = {}): Promise<number> {
  const response = await owner.post(JSON.stringify({ query, variables, extensions: { cost: true } }))
  const { extensions, errors } = (await response.json()) as Json
  return extensions?.cost.points ?? errors[0].extensions.details.cost
}

test('lists multiply what is in them, and a value counts a tenth', async () => {
  const list = (first: number, inner: string) =>
    `{ threads(first: ${first}) { edges { node { ${inner} } } } }`

  expect(await costOf('{ viewer { id } }')).toBe(2)
  expect(await costOf(list(10, 'id'))).toBe(12)
  expect(await costOf(list(100, 'id'))).toBe(111)
  expect(await costOf(list(10, 'messages(first: 10) { edges { node { id } } }'))).toBe(131)
  // 20 entries by default.
  expect(await costOf('{ threads { edges { node { id } } } }')).toBe(23)
  expect(await costOf(list(10, 'id a: id b: id c: id'))).toBe(15)
})

test('variables, their defaults and @skip decide what is counted', async () => {
  const document = `query ($first: Int = 10, $short: Boolean = false) {
    threads(first: $first) { edges { node { id messages @skip(if: $short) { edges { node { id } } } } } }
  }`

  expect(await costOf(document)).toBe(242)
  expect(await costOf(document, { first: 1 })).toBe(26)
  expect(await costOf(document, { first: null })).toBe(483)
  expect(await costOf(document, { short: true })).toBe(12)
})

test('the reply says what it cost, and what is left, only when asked', async () => {
  const query = '{ viewer { id } }'
  const asked = await owner.post(JSON.stringify({ query, extensions: { cost: true } }))
  const { extensions } = (await asked.json()) as Json

  expect(extensions.cost).toMatchObject({ points: 2, limit: 1_000_000, remaining: expect.any(Number) })
  expect(await owner.run(query)).not.toHaveProperty('extensions')
})

const NESTED = `{ threads(first: 100) { edges { node { messages(first: 100) { edges { node {
  thread { messages(first: 100) { edges { node { id } } } } } } } } } } }`

const MANY = (field: string, count: number) =>
  `{ ${Array.from({ length: count }, (_, index) => `a${index}: ${field}`).join(' ')} }`

test.each([
  ['nested lists', NESTED],
  ['aliases of searches', MANY('searchThreads(query: "a") { edges { score } }', 60)],
  ['aliases of health', MANY('spaceHealth(spaceId: "s") { vectors }', 12)],
])('%s that cost too much are refused before anything is read, on every transport', async (_, document) => {
  const replies = [await owner.run(document), await owner.runOverWebSocket(document)]

  for (const reply of replies) {
    expect(reply).toFailWith({ code: 'VALIDATION_ERROR', status: 400 })
    expect(reply.errors?.[0]?.message).toMatch(/costs [\d,]+ points; the limit is 5,000/)
    expect(reply.errors?.[0]?.extensions.details.limit).toBe(5_000)
  }
})

test('introspection is counted in its depth, and the whole schema stays affordable', async () => {
  const inner = (depth: number): string =>
    depth === 0 ? 'name' : `name fields { type { ${inner(depth - 1)} } }`

  expect(await costOf(getIntrospectionQuery())).toBeLessThan(1_000)
  expect(await costOf(`{ __schema { types { ${inner(2)} } } }`)).toBeGreaterThan(80)
  expect((await app.anonymous().run(`{ __schema { types { ${inner(6)} } } }`)).status).toBe(400)
})

test('the documents of clients cost far less than is allowed', async () => {
  const variables = { first: 100, spaceId: 's', query: 'q', id: 'i' }

  expect(await costOf(documentOf('Threads'), variables)).toBeLessThan(1_000)
  expect(await costOf(documentOf('Space'), variables)).toBeLessThan(1_000)
  expect(await costOf(documentOf('SearchSpace'), variables)).toBeLessThan(1_000)
})
