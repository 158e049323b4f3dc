import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../../support/app.js'
import type { Reply } from '../../support/client.js'
import { expectSoundRest } from '../../support/rest.js'
import type { Seeded, SeededLink } from '../../support/seed.js'
import { codeOf, countsOf, NOTHING, rowsOf, times } from './deletion.fixture.js'

const ROUNDS = 10
const MESSAGES = 3
const MODES = ['PERMANENT', 'SOFT'] as const
const NOT_FOUND = { code: 'RESOURCE_NOT_FOUND', systemMessage: 'Thread not found' }
let app: TestApp

beforeAll(async () => {
  app = await startTestApp()
})
afterAll(() => app[Symbol.asyncDispose]())
afterEach(() => expectSoundRest(app.pool))

/** A deletion and something else at once: the deletion must succeed, the other may find nothing. */
async function race(thread: Seeded, mode: string, other: () => Promise<Reply>) {
  const [deletion, reply] = await Promise.all([
    thread.owner.must('DeleteThread', { threadId: thread.id, mode }),
    other(),
  ])
  const hasWon = codeOf(reply) === null
  if (!hasWon) expect(reply).toFailWith(NOT_FOUND)
  if (mode === 'PERMANENT') expect(await rowsOf(app.pool, thread.id)).toEqual(NOTHING)
  return { receipt: deletion.deleteThread, reply, hasWon }
}

/** Threads of one space, embedded when asked for. */
async function seedLinks(areEmbedded: boolean): Promise<SeededLink[]> {
  const first = await app.seed.spaceWithThread({ messages: MESSAGES })
  const { organization, space } = first
  const links = await times(ROUNDS - 1, async () => {
    const thread = await app.seed.thread({ organization, messages: MESSAGES })
    return { ...first, thread, backfillId: await app.seed.link(space, thread) }
  })
  const all = [first, ...links]
  if (areEmbedded) await Promise.all(all.map(({ owner, backfillId }) => app.seed.embedded(owner, backfillId)))
  return all
}

test.each(MODES)('messages are appended before a deletion, and counted, or not at all: %s', async (mode) => {
  const organization = await app.seed.organization()
  await times(ROUNDS, async () => {
    const thread = await app.seed.thread({ organization, messages: 1 })
    const messages = [
      { role: 'USER', content: 'one' },
      { role: 'USER', content: 'two' },
    ]

    const { receipt, hasWon } = await race(thread, mode, () =>
      thread.owner.run('AppendMessages', { threadId: thread.id, messages }),
    )

    expect(receipt.deletedMessageCount).toBe(hasWon ? 3 : 1)
  })
})

test.each(MODES)('an agent run starts before a deletion, and is counted, or not at all: %s', async (mode) => {
  const organization = await app.seed.organization()
  await times(ROUNDS, async () => {
    const thread = await app.seed.thread({ organization })

    const { receipt, hasWon } = await race(thread, mode, () =>
      thread.owner.run('StartAgentRun', { threadId: thread.id }),
    )

    expect(receipt.deletedAgentRunCount).toBe(hasWon ? 1 : 0)
  })
})

test.each(MODES)('a thread added to a space while it is deleted is not seen there: %s', async (mode) => {
  const organization = await app.seed.organization()
  const space = await app.seed.space(organization)
  await times(ROUNDS, async () => {
    const thread = await app.seed.thread({ organization, messages: MESSAGES })

    const { reply, hasWon } = await race(thread, mode, () =>
      space.owner.run('AddThreadToSpace', { spaceId: space.id, threadId: thread.id }),
    )

    if (!hasWon) return
    const { status } = await app.seed.embedded(space.owner, reply.data.addThreadToSpace.backfill.id)
    expect(['CANCELED', 'COMPLETED']).toContain(status)
  })

  expect(await countsOf(space.owner, space.id)).toEqual({ threadCount: 0, vectorCount: 0, listed: [] })
})

test.each(MODES)('a thread is removed from a space before its deletion, or not found: %s', async (mode) => {
  const links = await seedLinks(true)
  await Promise.all(
    links.map(async ({ owner, space, thread }) => {
      const { receipt, reply, hasWon } = await race(thread, mode, () =>
        owner.run('RemoveThreadFromSpace', { spaceId: space.id, threadId: thread.id }),
      )

      expect(receipt.deletedVectorCount).toBe(hasWon ? 0 : MESSAGES)
      if (hasWon) expect(reply.data.removeThreadFromSpace.removedVectorCount).toBe(MESSAGES)
    }),
  )

  const { owner, space } = links[0] as SeededLink
  expect(await countsOf(owner, space.id)).toEqual({ threadCount: 0, vectorCount: 0, listed: [] })
})

test.each(MODES)(
  'a space that is deleted with its threads at once leaves nothing behind: %s',
  async (mode) => {
    const links = await seedLinks(true)
    const { owner, space } = links[0] as SeededLink

    const [deletion, ...deletions] = await Promise.all([
      owner.must('DeleteSpace', { spaceId: space.id }),
      ...links.map(({ thread }) => owner.must('DeleteThread', { threadId: thread.id, mode })),
    ])

    expect(await owner.run('Space', { id: space.id })).toFailWith({ code: 'RESOURCE_NOT_FOUND' })
    const fromThreads = deletions.reduce((sum, { deleteThread }) => sum + deleteThread.deletedVectorCount, 0)
    const all = ROUNDS * MESSAGES
    // What a soft deletion hid before, the end of the space still removes.
    if (mode === 'PERMANENT') expect(deletion.deleteSpace.removedVectorCount + fromThreads).toBe(all)
    else expect(deletion.deleteSpace.removedVectorCount).toBe(all)
    for (const { thread } of links) {
      expect(await rowsOf(app.pool, thread.id)).toMatchObject({ links: 0, vectors: 0, backfills: 0 })
    }
  },
)

test.each(MODES)(
  'threads that are deleted while they are embedded leave no vector to be found: %s',
  async (mode) => {
    const links = await seedLinks(false)
    const { owner, space } = links[0] as SeededLink

    await Promise.all(links.map(({ thread }) => owner.must('DeleteThread', { threadId: thread.id, mode })))

    expect(await countsOf(owner, space.id)).toEqual({ threadCount: 0, vectorCount: 0, listed: [] })
    for (const { backfillId } of links) {
      const { status } = await app.seed.embedded(owner, backfillId)
      expect(['CANCELED', 'COMPLETED']).toContain(status)
    }
  },
)

test('deletions, restorations and appends of one thread at once end with exact counts', async () => {
  const { owner, thread, backfillId } = await app.seed.spaceWithThread({ messages: MESSAGES })
  await app.seed.embedded(owner, backfillId)
  const threadId = thread.id
  const messages = [{ role: 'USER', content: 'a late thought' }]

  const replies = await times(ROUNDS * 3, (index) => {
    if (index % 3 === 0) return owner.run('DeleteThread', { threadId, mode: 'SOFT' })
    if (index % 3 === 1) return owner.run('RestoreThread', { threadId })
    return owner.run('AppendMessages', { threadId, messages })
  })

  for (const reply of replies) if (codeOf(reply) !== null) expect(reply).toFailWith(NOT_FOUND)
  const appended = replies.filter((reply, index) => index % 3 === 2 && codeOf(reply) === null).length
  const { messages: kept } = await rowsOf(app.pool, threadId)
  expect(kept).toBe(MESSAGES + appended)
})
