import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../support/app.js'
import type { Json, TestClient } from '../support/client.js'
import { IDLE_WORKERS } from '../support/idle.workers.js'
import type { Seeded, SeededSpace, SeededThread } from '../support/seed.js'
import { countStatements } from '../support/statements.js'

/** Lists within lists: a level is one statement, however many parents it has. */

const MANY = 50

const THREADS = `query ($organizationId: ID!) {
  threads(organizationId: $organizationId, first: 60) { edges { node { id
    messages(first: 2) { edges { node { content } } pageInfo { hasNextPage endCursor } }
    agentRuns(first: 5) { edges { node { id } } }
    spaces(first: 5) { edges { node { id } } }
  } } }
}`
const SPACES = `query ($organizationId: ID!) {
  spaces(organizationId: $organizationId, first: 60) { edges { node { id
    threads(first: 3) { edges { node { id messages(first: 3) { edges { node { content } } } } } }
  } } }
}`
const BACK_AND_FORTH = `query ($organizationId: ID!) {
  threads(organizationId: $organizationId, first: 60) { edges { node { id
    messages(first: 3) { edges { node { thread { messages(first: 2) { edges { node { thread { title } } } } } } } }
  } } }
}`

let app: TestApp

beforeAll(async () => {
  app = await startTestApp({ timings: IDLE_WORKERS })
})
afterAll(() => app[Symbol.asyncDispose]())

interface World {
  organization: Seeded
  owner: TestClient
  threads: SeededThread[]
  spaces: SeededSpace[]
}

/** So many threads with three messages, each in a space of its own and in one that all share, which is not counted. */
async function filled(count: number): Promise<World> {
  const organization = await app.seed.organization()
  const shared = await app.seed.space(organization)
  const threads: SeededThread[] = []
  const spaces: SeededSpace[] = []
  for (let number = 0; number < count; number++) {
    const thread = await app.seed.thread({
      organization,
      messages: [1, 2, 3].map((each) => `${number}.${each}`),
    })
    const space = await app.seed.space(organization)
    for (const each of [shared, space]) await app.seed.link(each, thread)
    await organization.owner.must('StartAgentRun', { threadId: thread.id })
    threads.push(thread)
    spaces.push(space)
  }
  return { organization, owner: organization.owner, threads, spaces }
}

const contentsOf = ({ messages }: Json): string[] => messages.edges.map(({ node }: Json) => node.content)

test(`the same number of statements reads the lists of 1 parent and of ${MANY}, and each its own entries`, async () => {
  const few = await filled(1)
  const many = await filled(MANY)

  for (const [name, document] of Object.entries({ THREADS, SPACES, BACK_AND_FORTH })) {
    const countFor = ({ owner, organization }: World) =>
      countStatements(() => owner.must(document, { organizationId: organization.id }))
    const forFew = await countFor(few)
    expect(await countFor(many), name).toBe(forFew)
  }

  const { threads } = await many.owner.must(THREADS, { organizationId: many.organization.id })
  const listed = new Map<string, Json>(threads.edges.map(({ node }: Json) => [node.id, node]))
  for (const [number, { id }] of many.threads.entries()) {
    const thread = listed.get(id)
    expect(contentsOf(thread)).toEqual([`${number}.1`, `${number}.2`])
    expect(thread.messages.pageInfo.hasNextPage).toBe(true)
    expect(thread.agentRuns.edges).toHaveLength(1)
    expect(thread.spaces.edges.map(({ node }: Json) => node.id)[0]).toBe(many.spaces[number]?.id)
    expect(thread.spaces.edges).toHaveLength(2)
  }
  const { spaces } = await many.owner.must(SPACES, { organizationId: many.organization.id })
  const own = spaces.edges.filter(({ node }: Json) => node.threads.edges.length === 1)
  expect(own).toHaveLength(MANY)
  for (const { node } of own) expect(contentsOf(node.threads.edges[0].node)).toHaveLength(3)
})

test('a list within a list goes on where its page has ended', async () => {
  const { organization, owner, threads } = await filled(2)
  const first = await owner.must(THREADS, { organizationId: organization.id })
  const { endCursor } = first.threads.edges[0].node.messages.pageInfo

  const { a, b } = await owner.must(
    `query ($a: ID!, $b: ID!, $after: String) {
      a: thread(id: $a) { messages(first: 2, after: $after) { edges { node { content } } } }
      b: thread(id: $b) { messages(first: 2) { edges { node { content } } } }
    }`,
    { a: threads[1]?.id, b: threads[1]?.id, after: endCursor },
  )

  expect([contentsOf(a), contentsOf(b)]).toEqual([['1.3'], ['1.1', '1.2']])
})
