import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../../support/app.js'
import { expectSoundRest } from '../../support/rest.js'
import { type FakeSandboxEndpoint, startSandboxEndpoint } from '../../support/sandbox.endpoint.js'
import type { Seeded } from '../../support/seed.js'
import { auditOf, rowsOf } from './deletion.fixture.js'

let app: TestApp
let sandboxes: FakeSandboxEndpoint

beforeAll(async () => {
  sandboxes = await startSandboxEndpoint()
  const environment = { SANDBOX_API_URL: sandboxes.url, SANDBOX_API_KEY: 'key' }
  app = await startTestApp({ environment })
})
afterAll(async () => {
  await app[Symbol.asyncDispose]()
  await sandboxes.close()
})
afterEach(() => expectSoundRest(app.pool))

async function preview({ id, owner }: Seeded) {
  return (await owner.must('ThreadDeletionPreview', { threadId: id })).threadDeletionPreview
}

/** A thread with messages, runs and two spaces, in a project if one is given. */
async function seedThread(organization: Seeded, project?: Seeded) {
  const { owner } = organization
  const thread = await app.seed.thread({ organization, project, messages: ['red wool', 'blue wool', ''] })
  for (let count = 0; count < 2; count++) await owner.must('StartAgentRun', { threadId: thread.id })
  for (const space of [await app.seed.space(organization), await app.seed.space(organization)]) {
    await app.seed.embedded(owner, await app.seed.link(space, thread))
  }
  return thread
}

test('a preview says what the deletion then does', async () => {
  const organization = await app.seed.organization()
  const project = await app.seed.project(organization)
  const [first, last] = [await seedThread(organization, project), await seedThread(organization, project)]

  for (const { thread, isLast } of [
    { thread: first, isLast: false },
    { thread: last, isLast: true },
  ]) {
    const announced = await preview(thread)
    expect(announced).toEqual({
      messageCount: 3,
      agentRunCount: 2,
      vectorCount: 4,
      spaceCount: 2,
      projectWillBeDeleted: isLast,
      sandboxWillBeDeleted: false,
    })
    const { deleteThread } = await thread.owner.must('DeleteThread', { threadId: thread.id })
    expect(deleteThread).toMatchObject({
      deletedMessageCount: announced.messageCount,
      deletedAgentRunCount: announced.agentRunCount,
      deletedVectorCount: announced.vectorCount,
      projectDeleted: announced.projectWillBeDeleted,
    })
  }
})

test('a thread without a project takes none with it', async () => {
  const thread = await app.seed.thread()

  expect(await preview(thread)).toEqual({
    messageCount: 0,
    agentRunCount: 0,
    vectorCount: 0,
    spaceCount: 0,
    projectWillBeDeleted: false,
    sandboxWillBeDeleted: false,
  })
})

test('a sandbox goes exactly when its project does, and a soft-deleted thread holds both', async () => {
  const organization = await app.seed.organization()
  const project = await app.seed.project(organization, 'sandbox-1')
  const [thread, other] = [
    await app.seed.thread({ organization, project }),
    await app.seed.thread({ organization, project }),
  ]
  const stays = { projectWillBeDeleted: false, sandboxWillBeDeleted: false }
  expect(await preview(thread)).toMatchObject(stays)

  await other.owner.must('DeleteThread', { threadId: other.id, mode: 'SOFT' })
  expect(await preview(thread)).toMatchObject(stays)

  await other.owner.must('RestoreThread', { threadId: other.id })
  await other.owner.must('DeleteThread', { threadId: other.id })
  expect(await preview(thread)).toMatchObject({ projectWillBeDeleted: true, sandboxWillBeDeleted: true })
})

test('a preview changes nothing and leaves no audit event', async () => {
  const thread = await seedThread(await app.seed.organization())
  const before = [await rowsOf(app.pool, thread.id), await auditOf(app.pool, thread.id)]

  await preview(thread)

  expect([await rowsOf(app.pool, thread.id), await auditOf(app.pool, thread.id)]).toEqual(before)
})

test('a preview is for who may delete', async () => {
  const organization = await app.seed.organization()
  const thread = await app.seed.thread({ organization, owner: await app.seed.member(organization) })
  const variables = { threadId: thread.id }

  for (const role of ['ADMIN', 'MEMBER'] as const) {
    await (await app.seed.member(organization, role)).must('ThreadDeletionPreview', variables)
  }
  const viewer = await app.seed.member(organization, 'VIEWER')
  expect(await viewer.run('ThreadDeletionPreview', variables)).toFailWith({
    code: 'INSUFFICIENT_PERMISSIONS',
    status: 403,
    systemMessage: 'Write access required',
  })
  expect(await (await app.seed.user()).run('ThreadDeletionPreview', variables)).toFailWith({
    code: 'RESOURCE_NOT_FOUND',
    status: 404,
    systemMessage: 'Thread not found',
  })
  expect(await app.anonymous().run('ThreadDeletionPreview', variables)).toFailWith({
    code: 'UNAUTHENTICATED',
  })
  expect(await thread.owner.run('ThreadDeletionPreview', { threadId: 'no id' })).toFailWith({
    code: 'VALIDATION_ERROR',
  })
})

test('a preview of a deleted thread finds nothing', async () => {
  for (const mode of ['PERMANENT', 'SOFT']) {
    const thread = await app.seed.thread()
    await thread.owner.must('DeleteThread', { threadId: thread.id, mode })

    expect(await thread.owner.run('ThreadDeletionPreview', { threadId: thread.id })).toFailWith({
      code: 'RESOURCE_NOT_FOUND',
    })
  }
})
