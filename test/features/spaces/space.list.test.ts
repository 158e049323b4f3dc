import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../../support/app.js'
import type { Json, TestClient } from '../../support/client.js'
import { expectSoundRest } from '../../support/rest.js'
import type { Seeded, SeededSpace, SeededThread } from '../../support/seed.js'
import { tally } from '../../support/tally.js'

let app: TestApp
let organization: Seeded
let space: SeededSpace
let threads: SeededThread[]
let spaces: SeededSpace[]

beforeAll(async () => {
  app = await startTestApp()
  organization = await app.seed.organization()
  space = await app.seed.space(organization)
  threads = []
  for (let count = 0; count < 7; count++) threads.push(await app.seed.thread({ organization }))
  // All at once, so that some of them have the same time.
  await Promise.all(threads.map((thread) => app.seed.link(space, thread)))
  const others = Array.from({ length: 6 }, () => app.seed.space(organization))
  spaces = [space, ...(await Promise.all(others))]
  const thread = threads[0] as SeededThread
  await Promise.all(spaces.map((holder) => app.seed.link(holder, thread)))
})
afterEach(() => expectSoundRest(app.pool))
afterAll(() => app[Symbol.asyncDispose]())

const PAGE = 'edges { cursor node { id } } pageInfo { hasNextPage endCursor }'
const LISTS: Record<string, [document: string, id: () => string, connection: (data: Json) => Json]> = {
  'the spaces of an organization': [
    `query ($id: ID!, $first: Int, $after: String) { spaces(organizationId: $id, first: $first, after: $after) { ${PAGE} } }`,
    () => organization.id,
    (data) => data.spaces,
  ],
  'the threads of a space': [
    `query ($id: ID!, $first: Int, $after: String) { space(id: $id) { threads(first: $first, after: $after) { ${PAGE} } } }`,
    () => space.id,
    (data) => data.space?.threads,
  ],
  'the spaces of a thread': [
    `query ($id: ID!, $first: Int, $after: String) { thread(id: $id) { spaces(first: $first, after: $after) { ${PAGE} } } }`,
    () => threads[0]?.id ?? '',
    (data) => data.thread?.spaces,
  ],
}
const EXPECTED: Record<string, () => Seeded[]> = {
  'the spaces of an organization': () => spaces,
  'the threads of a space': () => threads,
  'the spaces of a thread': () => spaces,
}

/** Follows the cursors to the end. @returns the pages */
async function walk(client: TestClient, name: string, first: number): Promise<string[][]> {
  const [document, id, connection] = LISTS[name] ?? expect.unreachable()
  const pages: string[][] = []
  let after: string | null = null
  for (;;) {
    const { edges, pageInfo } = connection(await client.must(document, { id: id(), first, after }))
    pages.push(edges.map(({ node }: Json) => node.id))
    expect(pageInfo.endCursor).toBe(edges.at(-1)?.cursor ?? null)
    if (!pageInfo.hasNextPage) return pages
    after = pageInfo.endCursor
  }
}

describe.each(Object.keys(LISTS))('%s', (name) => {
  test.each([1, 3, 7, 100])('a walk in pages of %i sees each once', async (first) => {
    const pages = await walk(organization.owner, name, first)

    const expected = (EXPECTED[name] ?? expect.unreachable())().map(({ id }) => id)
    expect(tally(pages.flat())).toEqual(tally(expected))
    expect(pages.map((page) => page.length)).toEqual(
      Array.from({ length: Math.ceil(7 / first) }, (_, index) => Math.min(first, 7 - index * first)),
    )
    expect(pages.flat()).toEqual((await walk(organization.owner, name, 100)).flat())
  })

  test.each([0, 101, -1])('a page of %i is refused', async (first) => {
    const [document, id] = LISTS[name] ?? expect.unreachable()

    expect(await organization.owner.run(document, { id: id(), first })).toFailWith({
      code: 'VALIDATION_ERROR',
      status: 422,
      systemMessage: 'Invalid page size. first must be 1 to 100.',
      details: { first },
    })
  })

  test.each(['', 'nonsense', 'WzFd', 'WyJhIiwiYiJd'])('the cursor "%s" is refused', async (after) => {
    const [document, id] = LISTS[name] ?? expect.unreachable()

    expect(await organization.owner.run(document, { id: id(), after })).toFailWith({
      code: 'VALIDATION_ERROR',
      status: 422,
      systemMessage: 'Invalid cursor. Pass a cursor or endCursor of this list unchanged.',
      details: { after },
    })
  })
})

test('a space lists its live threads, the last added first', async () => {
  const [first, second] = [await app.seed.thread({ organization }), await app.seed.thread({ organization })]
  const own = await app.seed.space(organization)
  await app.seed.link(own, first)
  await app.seed.link(own, second)

  const listed = async () =>
    (await organization.owner.must('Space', { id: own.id })).space.threads.edges.map(
      ({ node }: Json) => node.id,
    )

  expect(await listed()).toEqual([second.id, first.id])
  await organization.owner.must('DeleteThread', { threadId: second.id, mode: 'SOFT' })
  expect(await listed()).toEqual([first.id])
  await organization.owner.must('RestoreThread', { threadId: second.id })
  expect(await listed()).toEqual([second.id, first.id])
})
