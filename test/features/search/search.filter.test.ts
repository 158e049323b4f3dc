import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../../support/app.js'
import { eventually } from '../../support/eventually.js'
import { expectInvariants } from '../../support/invariants.js'
import type { SeededSpace, SeededThread } from '../../support/seed.js'
import { byText, contentsOf, embedThread, found, search, searched, threadsOf } from './search.fixture.js'

const MODES = ['SEMANTIC', 'KEYWORD', 'HYBRID'] as const

let app: TestApp
let space: SeededSpace
let threads: SeededThread[]

const DAYS = ['2026-01-01', '2026-01-02', '2026-01-03'].map((day) => `${day}T12:00:00.000Z`)

/** Two threads, each with a message of each role on each day. */
beforeAll(async () => {
  app = await startTestApp()
  space = await app.seed.space()
  threads = [await embedThread(app, space, []), await embedThread(app, space, [])]
  for (const [index, thread] of threads.entries()) {
    const messages = DAYS.flatMap((createdAt, day) =>
      ['USER', 'ASSISTANT'].map((role) => ({ role, createdAt, content: `tea ${index} ${day} ${role}` })),
    )
    await space.owner.must('AppendMessages', { threadId: thread.id, messages })
  }
  await eventually(async () =>
    expect((await space.owner.must('Space', { id: space.id })).space.vectorCount).toBe(12),
  )
})
afterAll(async () => {
  await expectInvariants(app.pool)
  await app[Symbol.asyncDispose]()
})

describe.each(MODES)('a filter of a %s search', (mode) => {
  const contents = async (filter: object, first = 100) =>
    contentsOf(await found(space.owner, space, 'tea', { mode, first, filter })).toSorted(byText)

  test('leaves the messages of these threads, of these speakers, and of this time', async () => {
    expect(await contents({})).toHaveLength(12)
    expect(await contents({ threadIds: [threads[1]?.id] })).toEqual(
      [0, 1, 2].flatMap((day) => [`tea 1 ${day} ASSISTANT`, `tea 1 ${day} USER`]),
    )
    expect(await contents({ roles: ['USER'] })).toHaveLength(6)
    expect(await contents({ roles: ['SYSTEM', 'TOOL'] })).toEqual([])
    expect(await contents({ createdFrom: DAYS[1], createdBefore: DAYS[2], roles: ['USER'] })).toEqual([
      'tea 0 1 USER',
      'tea 1 1 USER',
    ])
    expect(await contents({ threadIds: [] })).toEqual([])
    expect(await contents({ threadIds: ['thrd_of_another'] })).toEqual([])
  })

  test('gives as many hits as are asked for, wherever the others stand', async () => {
    expect(await contents({ createdFrom: DAYS[2], threadIds: [threads[0]?.id] }, 2)).toHaveLength(2)
  })
})

test('a filter names up to 1,000 threads, by ids', async () => {
  const failure = { code: 'VALIDATION_ERROR', status: 422 }
  const many = Array.from({ length: 1_001 }, (_, index) => `thrd_${index}`)

  expect(await search(space.owner, space, 'tea', { filter: { threadIds: many } })).toFailWith(failure)
  expect(await search(space.owner, space, 'tea', { filter: { threadIds: ['a b'] } })).toFailWith(failure)
  expect(await found(space.owner, space, 'tea', { filter: { threadIds: many.slice(1) } })).toEqual([])
})

describe.each(MODES)('a %s search', (mode) => {
  test('finds nothing of a thread that is hidden, removed or of another space, and a restored one again', async () => {
    const own = await app.seed.space()
    const other = await app.seed.space({ id: own.organizationId, owner: own.owner })
    const [kept, hidden] = [
      await embedThread(app, own, ['cocoa']),
      await embedThread(app, own, ['cocoa cocoa']),
    ]
    await embedThread(app, other, ['cocoa'])
    await embedThread(app, await app.seed.space(), ['cocoa'])
    const findThreads = async () => threadsOf(await found(own.owner, own, 'cocoa', { mode }))
    expect(await findThreads()).toEqual(new Set([kept.id, hidden.id]))

    await own.owner.must('DeleteThread', { threadId: hidden.id, mode: 'SOFT' })
    expect(await findThreads()).toEqual(new Set([kept.id]))
    await own.owner.must('RestoreThread', { threadId: hidden.id })
    expect(await findThreads()).toEqual(new Set([kept.id, hidden.id]))
    await own.owner.must('RemoveThreadFromSpace', { spaceId: own.id, threadId: kept.id })
    expect(await findThreads()).toEqual(new Set([hidden.id]))
    await own.owner.must('DeleteThread', { threadId: hidden.id })
    expect(await findThreads()).toEqual(new Set())
  })

  test('shows who may see the space the hit and the title, and not the thread', async () => {
    const own = await app.seed.space()
    const thread = await embedThread(app, own, ['cocoa with milk'])
    const viewer = await app.seed.grant(own, 'VIEWER')
    const stranger = await app.seed.user()

    const { edges } = await searched(viewer, own, 'cocoa', { mode })

    expect(edges).toHaveLength(1)
    expect(edges[0].node).toMatchObject({
      content: 'cocoa with milk',
      thread: { id: thread.id, title: 'Plans', messages: null },
    })
    expect(edges[0].snippet.text).toBe('cocoa with milk')
    expect(await search(stranger, own, 'cocoa', { mode })).toFailWith({
      code: 'RESOURCE_NOT_FOUND',
      status: 404,
    })
  })
})
