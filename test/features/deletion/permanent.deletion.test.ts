import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../../support/app.js'
import { expectSoundRest } from '../../support/rest.js'
import { countsOf, found, listed, NOTHING, rowsOf, usageOf } from './deletion.fixture.js'

const REFUSED = 'unspeakable'
let app: TestApp

beforeAll(async () => {
  app = await startTestApp()
  app.embedder.refuse((text) => text.includes(REFUSED))
})
afterAll(() => app[Symbol.asyncDispose]())
afterEach(() => expectSoundRest(app.pool))

test('a deleted thread leaves no message, run, link, vector or failure in any space', async () => {
  const { seed, pool } = app
  const organization = await seed.organization()
  const { owner } = organization
  const spaces = [await seed.space(organization), await seed.space(organization)]
  const thread = await seed.thread({ organization, messages: ['red wool', 'blue wool', '', REFUSED] })
  for (const space of spaces) await seed.embedded(owner, await seed.link(space, thread))
  await owner.must('StartAgentRun', { threadId: thread.id })
  expect(await rowsOf(pool, thread.id)).toEqual({
    threads: 1,
    messages: 4,
    runs: 1,
    links: 2,
    vectors: 4,
    failures: 2,
    backfills: 0,
  })

  const { deleteThread } = await owner.must('DeleteThread', { threadId: thread.id })

  expect(deleteThread).toMatchObject({
    status: 'SUCCESS',
    message: 'Thread deleted successfully',
    threadId: thread.id,
    deletedMessageCount: 4,
    deletedAgentRunCount: 1,
    deletedVectorCount: 4,
  })
  expect(await rowsOf(pool, thread.id)).toEqual(NOTHING)
  for (const space of spaces) {
    expect(await countsOf(owner, space.id)).toEqual({ threadCount: 0, vectorCount: 0, listed: [] })
    expect(await found(owner, space.id, 'wool')).toEqual([])
  }
})

test('a deleted thread is in no list, and asking for it finds nothing', async () => {
  const thread = await app.seed.thread({ messages: 1 })
  await thread.owner.must('DeleteThread', { threadId: thread.id })

  expect(await thread.owner.run('Thread', { id: thread.id })).toFailWith({
    code: 'RESOURCE_NOT_FOUND',
    status: 404,
    systemMessage: 'Thread not found',
  })
  for (const includeDeleted of [false, true]) {
    expect(await listed(thread.owner, { includeDeleted })).toEqual({ ids: [], totalCount: 0 })
  }
})

test('usage falls by the thread and its messages, and by nothing else', async () => {
  const organization = await app.seed.organization()
  const kept = await app.seed.thread({ organization, messages: 2 })
  const thread = await app.seed.thread({ organization, messages: 5 })
  expect(await usageOf(kept.owner, organization.id)).toEqual({ threads: 2, projects: 0, messages: 7 })

  await thread.owner.must('DeleteThread', { threadId: thread.id })

  expect(await usageOf(kept.owner, organization.id)).toEqual({ threads: 1, projects: 0, messages: 2 })
})

test('other threads of the same spaces keep their messages and vectors', async () => {
  const { owner, organization, space, thread, backfillId } = await app.seed.spaceWithThread({
    messages: ['wool of the first'],
  })
  const other = await app.seed.thread({ organization, messages: ['wool of the second'] })
  await app.seed.embedded(owner, backfillId)
  await app.seed.embedded(owner, await app.seed.link(space, other))

  await owner.must('DeleteThread', { threadId: thread.id })

  expect(await countsOf(owner, space.id)).toEqual({ threadCount: 1, vectorCount: 1, listed: [other.id] })
  expect(await found(owner, space.id, 'wool')).toEqual(other.messageIds)
})

test('a message in several pieces counts with all of its vectors', async () => {
  const long = Array.from({ length: 4_000 }, (_, index) => `word${index}`).join(' ')
  const { owner, space, thread, backfillId } = await app.seed.spaceWithThread({ messages: [long] })
  await app.seed.embedded(owner, backfillId)
  const { vectorCount } = await countsOf(owner, space.id)
  expect(vectorCount).toBeGreaterThan(1)

  const { deleteThread } = await owner.must('DeleteThread', { threadId: thread.id })

  expect(deleteThread).toMatchObject({ deletedMessageCount: 1, deletedVectorCount: vectorCount })
})

test('a running agent run holds no deletion up, and cannot be ended afterwards', async () => {
  const thread = await app.seed.thread()
  const { startAgentRun } = await thread.owner.must('StartAgentRun', { threadId: thread.id })

  const { deleteThread } = await thread.owner.must('DeleteThread', { threadId: thread.id })
  expect(deleteThread.deletedAgentRunCount).toBe(1)

  const finish =
    'mutation ($id: ID!) { finishAgentRun(agentRunId: $id, status: COMPLETED) { agentRun { id } } }'
  expect(await thread.owner.run(finish, { id: startAgentRun.agentRun.id })).toFailWith({
    code: 'RESOURCE_NOT_FOUND',
    systemMessage: 'Agent run not found',
  })
})

test('a thread without messages, project or space is deleted too', async () => {
  const thread = await app.seed.thread()

  const { deleteThread } = await thread.owner.must('DeleteThread', { threadId: thread.id })

  expect(deleteThread).toMatchObject({
    status: 'SUCCESS',
    deletedMessageCount: 0,
    deletedAgentRunCount: 0,
    deletedVectorCount: 0,
    projectId: null,
    projectDeleted: null,
  })
})

test('the project goes with its last thread, and usage with it', async () => {
  const organization = await app.seed.organization()
  const { owner } = organization
  const project = await app.seed.project(organization)
  const [first, last] = [
    await app.seed.thread({ organization, project }),
    await app.seed.thread({ organization, project }),
  ]

  const firstReply = await owner.must('DeleteThread', { threadId: first.id })
  expect(firstReply.deleteThread).toMatchObject({ projectId: project.id, projectDeleted: false })
  expect((await owner.must('Project', { id: project.id })).project.threadCount).toBe(1)

  const lastReply = await owner.must('DeleteThread', { threadId: last.id })
  expect(lastReply.deleteThread).toMatchObject({ projectId: project.id, projectDeleted: true })
  expect(await owner.run('Project', { id: project.id })).toFailWith({
    code: 'RESOURCE_NOT_FOUND',
    systemMessage: 'Project not found',
  })
  expect(await usageOf(owner, organization.id)).toEqual({ threads: 0, projects: 0, messages: 0 })
})

test('a soft-deleted thread still holds its project', async () => {
  const organization = await app.seed.organization()
  const { owner } = organization
  const project = await app.seed.project(organization)
  const hidden = await app.seed.thread({ organization, project })
  const last = await app.seed.thread({ organization, project })

  const soft = await owner.must('DeleteThread', { threadId: hidden.id, mode: 'SOFT' })
  expect(soft.deleteThread.projectDeleted).toBe(false)
  const permanent = await owner.must('DeleteThread', { threadId: last.id })
  expect(permanent.deleteThread.projectDeleted).toBe(false)
  expect((await owner.must('Project', { id: project.id })).project.threadCount).toBe(0)

  await owner.must('RestoreThread', { threadId: hidden.id })
  const end = await owner.must('DeleteThread', { threadId: hidden.id })
  expect(end.deleteThread.projectDeleted).toBe(true)
})
