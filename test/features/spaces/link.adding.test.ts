import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../../support/app.js'
import { expectSoundRest } from '../../support/rest.js'
import { tally } from '../../support/tally.js'

let app: TestApp

beforeAll(async () => {
  app = await startTestApp()
})
afterEach(() => expectSoundRest(app.pool))
afterAll(() => app[Symbol.asyncDispose]())

const TIME = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/)

async function place(messages: number | readonly string[]) {
  const organization = await app.seed.organization()
  const space = await app.seed.space(organization)
  const thread = await app.seed.thread({ organization, messages })
  const ids = { spaceId: space.id, threadId: thread.id }
  return { organization, owner: organization.owner, space, thread, ids }
}

test('adding a thread answers with the link, a backfill of all of its messages, and the space as it stands', async () => {
  const { owner, space, ids } = await place(3)

  const { addThreadToSpace } = await owner.must('AddThreadToSpace', ids)

  expect(addThreadToSpace).toEqual({
    success: true,
    message: 'Thread added to space',
    ...ids,
    addedAt: TIME,
    backfill: {
      id: expect.stringMatching(/^bkfl_/),
      status: 'QUEUED',
      total: 3,
      processed: 0,
      embedded: 0,
      skipped: 0,
      failed: 0,
      percent: 0,
    },
    space: { id: space.id, threadCount: 1 },
  })
})

test('every message that is there is embedded into the space, and found by a search', async () => {
  const { owner, space, thread, ids } = await place(['the cat sleeps', 'invoices are due', 'rain tomorrow'])

  const backfillId = await app.seed.link(space, thread)

  expect(await app.seed.embedded(owner, backfillId)).toMatchObject({ status: 'COMPLETED', embedded: 3 })
  const { backfill } = await owner.must('Backfill', { id: backfillId })
  expect(backfill).toEqual({
    id: backfillId,
    status: 'COMPLETED',
    total: 3,
    processed: 3,
    embedded: 3,
    skipped: 0,
    failed: 0,
    percent: 100,
    space: { id: space.id },
    thread: { id: thread.id },
    createdAt: TIME,
    startedAt: TIME,
    finishedAt: TIME,
    lastError: null,
  })
  expect((await owner.must('Space', { id: space.id })).space).toMatchObject({
    threadCount: 1,
    vectorCount: 3,
    threads: {
      edges: [{ addedAt: TIME, addedBy: { id: owner.userId }, backfill: { id: backfillId, percent: 100 } }],
    },
  })
  const found = await owner.must('SearchSpace', { spaceId: ids.spaceId, query: 'invoices are due' })
  expect(found.searchSpace.edges).toHaveLength(3)
  expect(found.searchSpace.edges[0].node).toMatchObject({
    id: thread.messageIds[1],
    thread: { id: thread.id },
  })
  expect(found.searchSpace.edges[0].score).toBeCloseTo(1, 3)
})

test('adding a thread twice is one link and one backfill, also long after', async () => {
  const { owner, ids } = await place(2)

  const { addThreadToSpace: first } = await owner.must('AddThreadToSpace', ids)
  await app.seed.embedded(owner, first.backfill.id)
  const { addThreadToSpace: second } = await owner.must('AddThreadToSpace', ids)

  expect(second).toMatchObject({ addedAt: first.addedAt, space: { threadCount: 1 } })
  expect(second.backfill).toMatchObject({ id: first.backfill.id, status: 'COMPLETED', embedded: 2 })
})

test('a thread that is added many times at once is one link, and each message is embedded once', async () => {
  const texts = Array.from({ length: 20 }, (_, index) => `simultaneous ${index}`)
  const { organization, owner, space, ids } = await place(texts)
  const admin = await app.seed.member(organization, 'ADMIN')

  const replies = await Promise.all(
    Array.from({ length: 10 }, (_, index) => (index % 2 ? owner : admin).must('AddThreadToSpace', ids)),
  )

  expect(new Set(replies.map(({ addThreadToSpace }) => addThreadToSpace.backfill.id)).size).toBe(1)
  await app.seed.embedded(owner, replies[0].addThreadToSpace.backfill.id)
  expect((await owner.must('Space', { id: space.id })).space).toMatchObject({
    threadCount: 1,
    vectorCount: 20,
  })
  const embedded = app.embedder.calls.flat().filter((text) => text.startsWith('simultaneous'))
  expect(tally(embedded)).toEqual(tally(texts))
})

test('many threads that are added to one space at once are all counted and all embedded', async () => {
  const organization = await app.seed.organization()
  const space = await app.seed.space(organization)
  const threads = await Promise.all(
    Array.from({ length: 12 }, () => app.seed.thread({ organization, messages: 3 })),
  )

  const backfillIds = await Promise.all(threads.map((thread) => app.seed.link(space, thread)))

  const ends = await Promise.all(backfillIds.map((id) => app.seed.embedded(organization.owner, id)))
  expect(ends.map(({ status, embedded }) => [status, embedded])).toEqual(threads.map(() => ['COMPLETED', 3]))
  expect((await organization.owner.must('Space', { id: space.id })).space).toMatchObject({
    threadCount: 12,
    vectorCount: 36,
  })
})

test('a thread may be in several spaces, each with a store of its own', async () => {
  const { organization, owner, space, thread, ids } = await place(2)
  const other = await app.seed.space(organization)
  await app.seed.embedded(owner, await app.seed.link(space, thread))
  await app.seed.embedded(owner, await app.seed.link(other, thread))

  await owner.must('RemoveThreadFromSpace', ids)

  expect((await owner.must('Space', { id: other.id })).space).toMatchObject({
    threadCount: 1,
    vectorCount: 2,
  })
  const { thread: read } = await owner.must('Thread', { id: thread.id })
  expect(read.spaces.edges).toEqual([{ node: { id: other.id, name: 'Knowledge' } }])
})

test('a thread without messages is done at once, and its watcher is told so', async () => {
  const { owner, ids } = await place(0)

  const { addThreadToSpace } = await owner.must('AddThreadToSpace', ids)

  const nothing = { status: 'COMPLETED', total: 0, processed: 0, percent: 100 }
  expect(addThreadToSpace.backfill).toMatchObject(nothing)
  const events = await owner
    .subscribe('BackfillProgress', { backfillId: addThreadToSpace.backfill.id })
    .rest()
  expect(events.map(({ data }) => data.backfillProgress)).toEqual([
    expect.objectContaining({ ...nothing, etaSeconds: 0 }),
  ])
})

test('a thread of another organization is added by its owner, and by nobody else', async () => {
  const { organization, space, ids } = await place(1)
  const editor = await app.seed.member(organization, 'ADMIN')
  const elsewhere = await app.seed.organization()
  const own = await app.seed.thread({ owner: editor, messages: 1 })
  const membership = { organizationId: elsewhere.id, userId: editor.userId, role: 'MEMBER' }
  await elsewhere.owner.must('AddOrganizationMember', membership)
  const foreign = await app.seed.thread({ organization: elsewhere, messages: 1 })

  const added = await editor.must('AddThreadToSpace', { ...ids, threadId: own.id })
  const refused = await editor.run('AddThreadToSpace', { ...ids, threadId: foreign.id })

  await app.seed.embedded(editor, added.addThreadToSpace.backfill.id)
  expect(refused).toFailWith({
    code: 'VALIDATION_ERROR',
    status: 422,
    systemMessage: 'The thread belongs to another organization than the space, and not to you.',
    details: { spaceId: space.id, threadId: foreign.id },
  })
  expect((await editor.must('Space', { id: space.id })).space).toMatchObject({
    threadCount: 1,
    vectorCount: 1,
  })
})

test('a thread or a space that is missing or deleted is not found, and an id that can be none is refused', async () => {
  const { owner, thread, ids } = await place(1)
  const NOT_FOUND = { code: 'RESOURCE_NOT_FOUND', status: 404 }

  expect(await owner.run('AddThreadToSpace', { ...ids, threadId: 'thrd_none' })).toFailWith({
    ...NOT_FOUND,
    systemMessage: 'Thread not found',
  })
  expect(await owner.run('AddThreadToSpace', { ...ids, spaceId: 'space_none' })).toFailWith({
    ...NOT_FOUND,
    systemMessage: 'Space not found',
  })
  expect(await owner.run('AddThreadToSpace', { ...ids, spaceId: 'no id' })).toFailWith({
    code: 'VALIDATION_ERROR',
  })
  await owner.must('DeleteThread', { threadId: thread.id, mode: 'SOFT' })
  expect(await owner.run('AddThreadToSpace', ids)).toFailWith({
    ...NOT_FOUND,
    systemMessage: 'Thread not found',
  })
})

test('each acknowledged addition and removal has one audit event, and a refused one has none', async () => {
  const { owner, space, ids } = await place(1)
  await owner.must('AddThreadToSpace', ids)
  await owner.must('RemoveThreadFromSpace', ids)
  await owner.run('RemoveThreadFromSpace', ids)

  const { rows } = await app.pool.query(
    `select action, actor_id, details ->> 'threadId' as thread from audit_event
     where target_id = $1 and action like 'space.thread-%' order by created_at, id`,
    [space.id],
  )

  expect(rows).toEqual(
    ['space.thread-added', 'space.thread-removed'].map((action) => ({
      action,
      actor_id: owner.userId,
      thread: ids.threadId,
    })),
  )
})
