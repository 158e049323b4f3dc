import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../../support/app.js'
import type { TestClient } from '../../support/client.js'
import { expectInvariants } from '../../support/invariants.js'
import { byText } from './search.fixture.js'

let app: TestApp

beforeAll(async () => {
  app = await startTestApp()
})
afterAll(async () => {
  await expectInvariants(app.pool)
  await app[Symbol.asyncDispose]()
})

const SEARCH_THREADS = /* GraphQL */ `
  query SearchThreads(
    $query: String!, $organizationId: ID, $first: Int, $after: String, $filter: SearchFilterInput
  ) {
    searchThreads(
      query: $query, organizationId: $organizationId, first: $first, after: $after, filter: $filter
    ) {
      edges {
        cursor
        score
        message { id content }
        snippet { text highlights { start end } }
        node { id title messages { edges { node { id } } } }
      }
      pageInfo { hasNextPage endCursor }
    }
  }
`

interface ThreadHit {
  score: number
  message: { content: string } | null
  snippet: { text: string } | null
  node: { id: string; title: string; messages: unknown }
}

async function threadsFor(client: TestClient, query: string, options: object = {}): Promise<ThreadHit[]> {
  const { searchThreads } = await client.must(SEARCH_THREADS, { query, ...options })
  return searchThreads.edges
}

const idsOf = (hits: readonly ThreadHit[]): string[] => hits.map(({ node }) => node.id)

async function titled(owner: TestClient, organizationId: string, title: string): Promise<string> {
  const { createThread } = await owner.must('CreateThread', { input: { organizationId, title } })
  return createThread.thread.id
}

test('a search of threads finds each once, by its title or its best message, the best first', async () => {
  const organization = await app.seed.organization()
  const { owner } = organization
  const long = `walrus ${'among many other words '.repeat(20)}`
  const said = await app.seed.thread({ organization, messages: [long, 'nothing', 'walrus'] })
  const once = await app.seed.thread({ organization, messages: [long] })
  await app.seed.thread({ organization, messages: ['seal'] })
  const named = await titled(owner, organization.id, 'Of a Walrus and others')

  const hits = await threadsFor(owner, 'WALRUS')

  expect(idsOf(hits)).toEqual([said.id, named, once.id])
  expect(hits[0]).toMatchObject({ message: { content: 'walrus' }, snippet: { text: 'walrus' } })
  expect(hits[1]).toMatchObject({ message: null, snippet: null, node: { title: 'Of a Walrus and others' } })
  const scores = hits.map(({ score }) => score)
  expect(scores).toEqual(scores.toSorted((a, b) => b - a))
  expect(idsOf(await threadsFor(owner, 'walrus -nothing among'))).toEqual(expect.arrayContaining([once.id]))
  expect(await threadsFor(owner, '!!!')).toEqual([])
  expect(await threadsFor(owner, '-walrus')).toEqual([])
})

test('a search of threads shows what the caller may read: its own threads, and those of its organizations', async () => {
  const [first, second] = [await app.seed.organization(), await app.seed.organization()]
  const member = await app.seed.member(first, 'MEMBER')
  const viewer = await app.seed.member(first, 'VIEWER')
  const own = await app.seed.thread({ organization: first, owner: member, messages: ['a narwhal far away'] })
  const other = await app.seed.thread({ organization: second, messages: ['narwhal'] })
  await titled(second.owner, second.id, 'narwhal')
  const space = await app.seed.space(second, 'PUBLIC')
  await app.seed.embedded(second.owner, await app.seed.link(space, other))

  for (const client of [member, viewer, first.owner]) {
    // What others have matches better: it takes no place.
    expect(idsOf(await threadsFor(client, 'narwhal', { first: 1 }))).toEqual([own.id])
    expect(idsOf(await threadsFor(client, 'narwhal'))).toEqual([own.id])
    expect(idsOf(await threadsFor(client, 'narwhal', { organizationId: first.id }))).toEqual([own.id])
    const reply = await client.run(SEARCH_THREADS, { query: 'narwhal', organizationId: second.id })
    expect(reply).toFailWith({ code: 'RESOURCE_NOT_FOUND', status: 404 })
  }
  expect(await threadsFor(second.owner, 'narwhal')).toHaveLength(2)
  expect(await threadsFor(await app.seed.user(), 'narwhal')).toEqual([])
  const nobody = await app.anonymous().run(SEARCH_THREADS, { query: 'narwhal' })
  expect(nobody).toFailWith({ code: 'UNAUTHENTICATED', status: 401 })
})

test('a search of threads finds none that is deleted, and a restored one again', async () => {
  const organization = await app.seed.organization()
  const { owner } = organization
  const thread = await app.seed.thread({ organization, messages: ['otter'] })
  const named = await titled(owner, organization.id, 'otter')
  for (const threadId of [thread.id, named]) await owner.must('DeleteThread', { threadId, mode: 'SOFT' })
  expect(await threadsFor(owner, 'otter')).toEqual([])

  for (const threadId of [thread.id, named]) await owner.must('RestoreThread', { threadId })
  expect(idsOf(await threadsFor(owner, 'otter')).toSorted(byText)).toEqual(
    [thread.id, named].toSorted(byText),
  )

  for (const threadId of [thread.id, named]) await owner.must('DeleteThread', { threadId })
  expect(await threadsFor(owner, 'otter')).toEqual([])
})

test('a search of threads pages through all of them once, and its cursors are for itself', async () => {
  const organization = await app.seed.organization()
  const { owner } = organization
  const ids: string[] = []
  for (let index = 0; index < 7; index++) {
    ids.push((await app.seed.thread({ organization, messages: ['beaver', 'beaver dam'] })).id)
  }
  const seen: string[] = []
  let after: string | undefined
  do {
    const variables = { query: 'beaver', first: 3, after }
    const { searchThreads } = await owner.must(SEARCH_THREADS, variables)
    seen.push(...idsOf(searchThreads.edges))
    after = searchThreads.pageInfo.hasNextPage ? searchThreads.pageInfo.endCursor : undefined
    if (after) {
      const foreign = await owner.run(SEARCH_THREADS, { query: 'dam', after })
      expect(foreign).toFailWith({ code: 'VALIDATION_ERROR', status: 422 })
    }
  } while (after)

  expect(seen).toHaveLength(7)
  expect(seen.toSorted(byText)).toEqual(ids.toSorted(byText))
})

test('a filter of a search of threads is of messages: with a speaker or a time, no title is searched', async () => {
  const organization = await app.seed.organization()
  const { owner } = organization
  const thread = await app.seed.thread({ organization, messages: ['lynx'] })
  const named = await titled(owner, organization.id, 'lynx')
  const find = async (filter: object) => idsOf(await threadsFor(owner, 'lynx', { filter })).toSorted(byText)

  expect(await find({})).toEqual([thread.id, named].toSorted(byText))
  expect(await find({ roles: ['USER'] })).toEqual([thread.id])
  expect(await find({ roles: ['TOOL'] })).toEqual([])
  expect(await find({ createdBefore: '2001-01-01T00:00:00Z' })).toEqual([])
  expect(await find({ threadIds: [named] })).toEqual([named])
})
