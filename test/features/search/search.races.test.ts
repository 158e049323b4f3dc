import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { Database, type Fragment } from '../../../src/platform/database/database.js'
import { startTestApp, type TestApp } from '../../support/app.js'
import { DELETE_MESSAGE } from '../../support/documents.js'
import { expectInvariants } from '../../support/invariants.js'
import type { SeededSpace, SeededThread } from '../../support/seed.js'
import { byText, contentsOf, embedThread, found, searched } from './search.fixture.js'

let app: TestApp

beforeAll(async () => {
  app = await startTestApp()
})
afterAll(async () => {
  await expectInvariants(app.pool)
  await app[Symbol.asyncDispose]()
})

/** Each less like the word than the one before it, by meaning and by words. */
const KEPT = Array.from({ length: 24 }, (_, index) => {
  const others = Array.from({ length: index + 1 }, (_, word) => `other${word}`)
  return ['alpha', ...others].join(' ')
})
const GONE = 'alpha'

/** What a thread with one message is found by, and how that goes. */
const WAYS: [string, (space: SeededSpace, thread: SeededThread) => Promise<unknown>][] = [
  [
    'a message is deleted',
    ({ owner }, { messageIds: [messageId] }) => owner.must(DELETE_MESSAGE, { messageId }),
  ],
  [
    'a thread is soft-deleted',
    ({ owner }, { id: threadId }) => owner.must('DeleteThread', { threadId, mode: 'SOFT' }),
  ],
  [
    'a thread is taken out of the space',
    ({ owner, id: spaceId }, { id: threadId }) => owner.must('RemoveThreadFromSpace', { spaceId, threadId }),
  ],
]

/** Runs `between` once, when hits are ranked and what they are is about to be read. */
function beforeReading(between: () => Promise<unknown>): Disposable {
  const original = Database.prototype.query
  const isReading = ({ text }: Fragment) => /from message m\s+join space_thread/.test(text)
  let isDone = false
  const query = vi.spyOn(Database.prototype, 'query')
  query.mockImplementation(async function (this: Database, statement: Fragment) {
    if (!isDone && isReading(statement)) {
      isDone = true
      await between()
    }
    return original.call(this, statement)
  })
  return {
    [Symbol.dispose]: () => {
      query.mockRestore()
      expect(isDone).toBe(true)
    },
  }
}

describe.each(['SEMANTIC', 'KEYWORD', 'HYBRID'] as const)('a page of a search by %s', (mode) => {
  test.each(WAYS)(
    'is full, and the next one goes on behind it, when %s after it was ranked',
    async (_, go) => {
      const space = await app.seed.space()
      await embedThread(app, space, KEPT)
      const thread = await embedThread(app, space, [GONE])
      expect(contentsOf(await found(space.owner, space, 'alpha', { mode, first: 20 }))).toContain(GONE)

      const page = await (async () => {
        using _race = beforeReading(() => go(space, thread))
        return await searched(space.owner, space, 'alpha', { mode, first: 20 })
      })()

      expect(page.edges).toHaveLength(20)
      expect(page.pageInfo.hasNextPage).toBe(true)
      const { endCursor: after } = page.pageInfo
      const rest = await searched(space.owner, space, 'alpha', { mode, first: 20, after })
      expect(rest.pageInfo.hasNextPage).toBe(false)
      const all = contentsOf([...page.edges, ...rest.edges])
      expect(all.toSorted(byText)).toEqual(KEPT.toSorted(byText))
    },
  )

  test('begins behind the page before it, though the last hits of that are gone', async () => {
    const space = await app.seed.space()
    await embedThread(app, space, KEPT)
    const whole = await found(space.owner, space, 'alpha', { mode, first: 24 })
    const { edges, pageInfo } = await searched(space.owner, space, 'alpha', { mode, first: 10 })
    for (const { node } of edges.slice(7)) await space.owner.must(DELETE_MESSAGE, { messageId: node.id })

    const rest = await found(space.owner, space, 'alpha', { mode, first: 20, after: pageInfo.endCursor })

    expect(contentsOf(rest)).toEqual(contentsOf(whole.slice(10)))
  })
})
