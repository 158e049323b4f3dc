import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../../support/app.js'
import type { Json } from '../../support/client.js'
import { IDLE_WORKERS } from '../../support/idle.workers.js'
import type { Seeded, SeededSpace } from '../../support/seed.js'
import { countStatements } from '../../support/statements.js'

let app: TestApp

beforeAll(async () => {
  app = await startTestApp({ timings: IDLE_WORKERS })
})
afterAll(() => app[Symbol.asyncDispose]())

const NODE = `id name threadCount vectorCount viewerCanEdit organization { id } creator { id }
  grants { role user { id } organizationRole } reembedding { id }`
const SPACES = `query ($id: ID!, $first: Int) { spaces(organizationId: $id, first: $first) { edges { node { ${NODE} } } } }`
const OF_THREAD = `query ($id: ID!, $first: Int) {
  thread(id: $id) { spaces(first: $first) { edges { node { ${NODE} } } } } }`
const THREADS = `query ($id: ID!, $first: Int) {
  space(id: $id) { threadCount vectorCount threads(first: $first) {
    edges { addedBy { id } backfill { id } node { id title lastMessage { id } } } pageInfo { hasNextPage endCursor } } } }`

/** An organization with so many spaces that hold one thread, each with a grant, and as many threads in one of them. */
async function filled(count: number) {
  const { seed } = app
  const organization = await seed.organization()
  const thread = await seed.thread({ organization, messages: 1 })
  const spaces: SeededSpace[] = []
  for (let index = 0; index < count; index++) {
    const space = await seed.space(organization)
    await seed.grant(space, 'VIEWER')
    await seed.link(space, thread)
    spaces.push(space)
  }
  const [space] = spaces as [SeededSpace]
  for (let index = 1; index < count; index++) {
    await seed.link(space, await seed.thread({ organization, messages: 1 }))
  }
  return { organization, thread, space }
}

test('lists of spaces and of their threads cost as many statements for 40 entries as for 4', async () => {
  const [few, many] = [await filled(4), await filled(40)]
  const documents: [string, (from: typeof few) => Seeded][] = [
    [SPACES, ({ organization }) => organization],
    [OF_THREAD, ({ thread }) => thread],
    [THREADS, ({ space }) => space],
  ]

  for (const [document, subject] of documents) {
    const cost = ({ owner, id }: Seeded) => countStatements(() => owner.must(document, { id, first: 100 }))
    const forFew = await cost({ ...subject(few), owner: few.organization.owner })
    expect(await cost({ ...subject(many), owner: many.organization.owner }), document).toBe(forFew)
    expect(forFew, document).toBeLessThan(12)
  }
  const { spaces } = await many.organization.owner.must(SPACES, { id: many.organization.id, first: 100 })
  expect(spaces.edges).toHaveLength(40)
  expect(spaces.edges.every(({ node }: Json) => node.grants.length === 1)).toBe(true)
})
