import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../../support/app.js'
import type { Json, TestClient } from '../../support/client.js'
import type { SeededLink } from '../../support/seed.js'
import { recordStatements } from '../../support/statements.js'

/** An operation that asks for more text than it may have, here a MiB, is refused before the text is read. */

const QUARTER_MIB = 256 * 1024
const REFUSAL = {
  code: 'VALIDATION_ERROR',
  status: 422,
  systemMessage: 'Too much text',
  details: { limitBytes: 1024 * 1024 },
  message: 'The requested messages exceed 1 MiB in total. Request fewer messages.',
}
const MESSAGES = 'messages(first: 5) { edges { node { content } } }'

let app: TestApp
let owner: TestClient
let link: SeededLink

beforeAll(async () => {
  app = await startTestApp({ environment: { OPERATION_TEXT_MIB: '1' } })
})
beforeEach(async () => {
  // Three quarters.
  link = await app.seed.spaceWithThread({
    messages: [1, 2, 3].map((number) => `bicycle${number} `.repeat(QUARTER_MIB / 9)),
  })
  owner = link.owner
})
afterAll(() => app[Symbol.asyncDispose]())

/** Further threads of the organization, as long. */
async function another(): Promise<string> {
  const messages = [1, 2, 3].map((number) => `bicycle${number} `.repeat(QUARTER_MIB / 9))
  return (await app.seed.thread({ organization: link.organization, messages })).id
}

test('messages that are small enough in total are returned', async () => {
  const { thread } = await owner.must(`query ($id: ID!) { thread(id: $id) { ${MESSAGES} } }`, {
    id: link.thread.id,
  })
  expect(thread.messages.edges).toHaveLength(3)
})

test('a level of lists that is too large is refused, and nothing of it is read', async () => {
  const otherId = await another()
  const { result, texts } = await recordStatements(() =>
    owner.run(`query ($id: ID!) { threads(organizationId: $id) { edges { node { id ${MESSAGES} } } } }`, {
      id: link.organization.id,
    }),
  )

  for (const { extensions } of result.errors ?? []) expect(extensions).toMatchObject(REFUSAL)
  const lists = result.data.threads.edges.map(({ node }: Json) => node)
  expect(lists.map(({ messages }: Json) => messages)).toEqual([null, null])
  expect(lists.map(({ id }: Json) => id)).toContain(otherId)
  expect(texts.filter((text) => text.includes('m.content'))).toHaveLength(1)
})

test('aliases of one operation share what it may have, whether they read other messages or the same again', async () => {
  const id = link.thread.id
  const others = await another()
  const documents = [
    [
      `query ($a: ID!, $b: ID!) { a: thread(id: $a) { ${MESSAGES} } b: thread(id: $b) { messages(first: 50) { edges { node { content } } } } }`,
      others,
    ],
    [`query ($a: ID!, $b: ID!) { a: thread(id: $a) { ${MESSAGES} } b: thread(id: $b) { ${MESSAGES} } }`, id],
  ] as const

  for (const [document, b] of documents) {
    const reply = await owner.run(document, { a: id, b })
    expect(reply.errors).toHaveLength(1)
    expect(reply.errors?.[0]?.extensions).toMatchObject(REFUSAL)
    const told = [reply.data.a, reply.data.b].filter((thread) => thread?.messages)
    expect(told).toHaveLength(1)
  }
})

test('what a search finds counts too', async () => {
  await app.seed.embedded(owner, link.backfillId)
  await another()
  const search = (alias: string) =>
    `${alias}: searchSpace(spaceId: $id, query: "bicycle1", mode: KEYWORD) { edges { node { content } } }`
  const one = await owner.run(`query ($id: ID!) { ${search('a')} }`, { id: link.space.id })
  expect(one.errors).toBeUndefined()
  const aliases = ['a', 'b', 'c', 'd', 'e'].map(search).join(' ')

  const reply = await owner.run(`query ($id: ID!) { ${aliases} }`, { id: link.space.id })

  expect(one.data.a.edges).toHaveLength(1)
  expect(reply.errors).not.toHaveLength(0)
  for (const { extensions } of reply.errors ?? []) expect(extensions).toMatchObject(REFUSAL)
})
