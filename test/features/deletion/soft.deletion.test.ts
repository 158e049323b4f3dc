import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../../support/app.js'
import type { TestClient } from '../../support/client.js'
import { expectSoundRest } from '../../support/rest.js'
import type { Seeded, SeededLink } from '../../support/seed.js'
import { countsOf, found, listed, rowsOf, usageOf } from './deletion.fixture.js'

const NOT_FOUND = { code: 'RESOURCE_NOT_FOUND', status: 404, systemMessage: 'Thread not found' }
let app: TestApp

beforeAll(async () => {
  app = await startTestApp()
})
afterAll(() => app[Symbol.asyncDispose]())
afterEach(() => expectSoundRest(app.pool))

/** A thread in a project and a space, embedded, beside another one that stays. */
async function seedThread() {
  const { seed } = app
  const organization = await seed.organization()
  const { owner } = organization
  const project = await seed.project(organization)
  const space = await seed.space(organization)
  const thread = await seed.thread({ organization, project, messages: ['red wool', 'blue wool'] })
  const other = await seed.thread({ organization, project, messages: ['green wool'] })
  for (const { id } of [thread, other]) {
    await seed.embedded(owner, await seed.link(space, { id, owner }))
  }
  return { organization, owner, project, space, thread, other }
}

function hide({ id, owner }: Seeded) {
  return owner.must('DeleteThread', { threadId: id, mode: 'SOFT' })
}

/** All that a client can see of a thread and of where it is counted. */
async function picture({
  organization,
  owner,
  project,
  space,
  thread,
}: Awaited<ReturnType<typeof seedThread>>) {
  const search = { spaceId: space.id, query: 'red wool', first: 10 }
  return {
    thread: (await owner.run('Thread', { id: thread.id })).data,
    threads: (await owner.must('Threads', { organizationId: organization.id })).threads,
    project: (await owner.must('Project', { id: project.id })).project,
    space: (await owner.must('Space', { id: space.id })).space,
    search: (await owner.must('SearchSpace', search)).searchSpace,
    usage: await usageOf(owner, organization.id),
    rows: await rowsOf(app.pool, thread.id),
  }
}

test('a soft-deleted thread is hidden everywhere', async () => {
  const seeded = await seedThread()
  const { organization, owner, project, space, thread, other } = seeded

  await hide(thread)

  expect(await owner.run('Thread', { id: thread.id })).toFailWith(NOT_FOUND)
  for (const organizationId of [organization.id, undefined]) {
    expect(await listed(owner, { organizationId })).toEqual({ ids: [other.id], totalCount: 1 })
  }
  expect(await countsOf(owner, space.id)).toEqual({ threadCount: 1, vectorCount: 1, listed: [other.id] })
  expect(await found(owner, space.id, 'red wool')).toEqual(other.messageIds)
  expect((await owner.must('Project', { id: project.id })).project.threadCount).toBe(1)
  expect(await usageOf(owner, organization.id)).toEqual({ threads: 1, projects: 1, messages: 1 })
})

test('its rows and vectors stay, so that it can come back', async () => {
  const { thread } = await seedThread()
  const before = await rowsOf(app.pool, thread.id)

  await hide(thread)

  expect(await rowsOf(app.pool, thread.id)).toEqual(before)
})

test('a restored thread is everywhere as it was, in the results of a search too', async () => {
  const seeded = await seedThread()
  const { owner, thread } = seeded
  const before = await picture(seeded)
  await hide(thread)
  expect(await picture(seeded)).not.toEqual(before)

  const { restoreThread } = await owner.must('RestoreThread', { threadId: thread.id })

  expect(restoreThread.thread).toEqual({ id: thread.id, deletedAt: null, messageCount: 2 })
  expect(await picture(seeded)).toEqual(before)
})

test('a thread can be deleted and restored again and again', async () => {
  const seeded = await seedThread()
  const before = await picture(seeded)

  for (let round = 0; round < 3; round++) {
    await hide(seeded.thread)
    await seeded.owner.must('RestoreThread', { threadId: seeded.thread.id })
  }

  expect(await picture(seeded)).toEqual(before)
})

test('a restored thread takes messages again, and they are embedded', async () => {
  const seeded = await seedThread()
  const { owner, space, thread } = seeded
  await hide(thread)
  await owner.must('RestoreThread', { threadId: thread.id })

  const [added] = await app.seed.messages(thread, ['yellow silk'])

  await expectSoundRest(app.pool)
  expect((await found(owner, space.id, 'yellow silk'))[0]).toBe(added)
})

const WRITES: {
  name: string
  run: (client: TestClient, link: SeededLink) => ReturnType<TestClient['run']>
}[] = [
  {
    name: 'messages',
    run: (client, { thread }) =>
      client.run('AppendMessages', { threadId: thread.id, messages: [{ role: 'USER', content: 'hi' }] }),
  },
  { name: 'agent runs', run: (client, { thread }) => client.run('StartAgentRun', { threadId: thread.id }) },
  {
    name: 'another space',
    run: async (client, { organization, thread }) => {
      const { id: spaceId } = await app.seed.space(organization)
      return client.run('AddThreadToSpace', { spaceId, threadId: thread.id })
    },
  },
  {
    name: 'a removal from its space',
    run: (client, { space, thread }) =>
      client.run('RemoveThreadFromSpace', { spaceId: space.id, threadId: thread.id }),
  },
  { name: 'a deletion', run: (client, { thread }) => client.run('DeleteThread', { threadId: thread.id }) },
  {
    name: 'a preview of its deletion',
    run: (client, { thread }) => client.run('ThreadDeletionPreview', { threadId: thread.id }),
  },
]

test.each(WRITES)('a soft-deleted thread takes no $name', async ({ run }) => {
  const link = await app.seed.spaceWithThread()
  await app.seed.embedded(link.owner, link.backfillId)
  await hide(link.thread)
  const before = await rowsOf(app.pool, link.thread.id)

  const reply = await run(link.owner, link)

  expect(reply).toFailWith(NOT_FOUND)
  expect(await rowsOf(app.pool, link.thread.id)).toEqual(before)
})

test('an agent run of a soft-deleted thread is ended once the thread is back', async () => {
  const thread = await app.seed.thread()
  const { startAgentRun } = await thread.owner.must('StartAgentRun', { threadId: thread.id })
  const id = startAgentRun.agentRun.id
  const finish = `mutation ($id: ID!) { finishAgentRun(agentRunId: $id, status: COMPLETED) { agentRun { status } } }`
  await hide(thread)
  expect(await thread.owner.run(finish, { id })).toFailWith({ code: 'RESOURCE_NOT_FOUND' })

  await thread.owner.must('RestoreThread', { threadId: thread.id })

  expect(await thread.owner.must(finish, { id })).toEqual({
    finishAgentRun: { agentRun: { status: 'COMPLETED' } },
  })
})

test('deleted threads are listed, when asked for, to who could restore them and to nobody else', async () => {
  const organization = await app.seed.organization()
  const member = await app.seed.member(organization)
  const viewer = await app.seed.member(organization, 'VIEWER')
  const outsider = await app.seed.user()
  const hidden = await app.seed.thread({ organization, owner: member })
  const live = await app.seed.thread({ organization })
  await hide(hidden)
  const asked = { organizationId: organization.id, includeDeleted: true }

  for (const writer of [organization.owner, member, await app.seed.member(organization, 'ADMIN')]) {
    expect(await listed(writer, asked)).toEqual({ ids: [live.id, hidden.id], totalCount: 2 })
    expect(await listed(writer, { includeDeleted: true })).toEqual({
      ids: [live.id, hidden.id],
      totalCount: 2,
    })
  }
  expect(await listed(viewer, asked)).toEqual({ ids: [live.id], totalCount: 1 })
  expect(await outsider.run('Threads', asked)).toFailWith({ code: 'RESOURCE_NOT_FOUND' })
  expect(await listed(outsider, { includeDeleted: true })).toEqual({ ids: [], totalCount: 0 })
})

test('a deleted thread in a list says when it was deleted', async () => {
  const thread = await app.seed.thread({ messages: 1 })
  const { deleteThread } = await hide(thread)

  const { threads } = await thread.owner.must('Threads', { includeDeleted: true })

  expect(threads.edges).toMatchObject([{ node: { id: thread.id, deletedAt: deleteThread.deletedAt } }])
})
