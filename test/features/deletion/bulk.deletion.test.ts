import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../../support/app.js'
import type { TestClient } from '../../support/client.js'
import { ACCEPT_MEMBERSHIP } from '../../support/documents.js'
import { expectSoundRest } from '../../support/rest.js'
import type { Seeded } from '../../support/seed.js'
import { auditOf, countsOf, found, listed, usageOf } from './deletion.fixture.js'

const MANY = 260
const FORMAT = {
  code: 'VALIDATION_ERROR',
  status: 422,
  type: 'validation_error',
  message: "Invalid organization_id format. Must start with 'org_'",
  systemMessage: "Invalid organization_id format. Must start with 'org_'",
}
const IMPORT = `mutation ($organizationId: ID, $threads: [ImportThreadInput!]!) {
  importThreads(organizationId: $organizationId, threads: $threads) { results { threadId } }
}`
let app: TestApp

beforeAll(async () => {
  app = await startTestApp()
})
afterAll(() => app[Symbol.asyncDispose]())
afterEach(() => expectSoundRest(app.pool))

async function deleteAll(client: TestClient, variables: Record<string, unknown> = {}) {
  return (await client.must('DeleteAllThreads', variables)).deleteAllThreads
}

/** Imports threads of one message each for a user. */
async function importMany(client: TestClient, organization: Seeded, count: number): Promise<void> {
  const threads = Array.from({ length: count }, (_, index) => {
    const id = `${client.userId}-${index}`
    return { id, messages: [{ id: `${id}-message`, role: 'USER', content: `wool ${index}` }] }
  })
  await client.must(IMPORT, { organizationId: organization.id, threads })
}

test('all of the caller’s threads go in one call, however many pages they fill', async () => {
  const organization = await app.seed.organization()
  const { owner } = organization
  await importMany(owner, organization, MANY)

  const reply = await deleteAll(owner)

  expect(reply).toEqual({
    deleted: MANY,
    message: `Successfully deleted ${MANY} thread(s)`,
    batchId: expect.stringMatching(/^del_/),
    restoreUntil: expect.any(String),
    auditLogId: expect.stringMatching(/^audit_/),
  })
  expect(await listed(owner)).toEqual({ ids: [], totalCount: 0 })
  expect((await listed(owner, { includeDeleted: true })).totalCount).toBe(MANY)
  expect(await usageOf(owner, organization.id)).toEqual({ threads: 0, projects: 0, messages: 0 })
})

test('it is one audit event, however many threads', async () => {
  const organization = await app.seed.organization()
  const { owner } = organization
  for (let count = 0; count < 3; count++) await app.seed.thread({ organization })

  const { auditLogId, batchId } = await deleteAll(owner)

  expect(await auditOf(app.pool, owner.userId ?? '')).toMatchObject([
    { id: auditLogId, action: 'user.threads-deleted', details: { batchId, deleted: 3 } },
  ])
})

test('threads of other members survive, in the caller’s own organization too', async () => {
  const organization = await app.seed.organization()
  const { owner } = organization
  const member = await app.seed.member(organization)
  const theirs = await app.seed.thread({ organization, owner: member, messages: 2 })
  await app.seed.thread({ organization, messages: 3 })

  expect((await deleteAll(owner)).deleted).toBe(1)

  expect(await listed(member)).toEqual({ ids: [theirs.id], totalCount: 1 })
  expect(await usageOf(owner, organization.id)).toEqual({ threads: 1, projects: 0, messages: 2 })
})

test('an organization limits it to the caller’s threads there; left out, it means all of them', async () => {
  const [here, there] = [await app.seed.organization(), await app.seed.organization()]
  const { owner } = here
  await there.owner.must('AddOrganizationMember', {
    organizationId: there.id,
    userId: owner.userId,
    role: 'MEMBER',
  })
  await owner.must(ACCEPT_MEMBERSHIP, { organizationId: there.id })
  await app.seed.thread({ organization: here, messages: 1 })
  const own = await app.seed.thread({ organization: there, owner, messages: 1 })
  const foreign = await app.seed.thread({ organization: there, messages: 1 })

  expect((await deleteAll(owner, { organizationId: here.id })).deleted).toBe(1)
  expect(await listed(owner, { organizationId: there.id })).toMatchObject({ ids: [foreign.id, own.id] })

  await app.seed.thread({ organization: here })
  expect((await deleteAll(owner)).deleted).toBe(2)
  expect(await listed(owner)).toEqual({ ids: [foreign.id], totalCount: 1 })
})

test('threads made afterwards stay, and threads deleted before are not counted again', async () => {
  const organization = await app.seed.organization()
  const { owner } = organization
  const [before] = [await app.seed.thread({ organization }), await app.seed.thread({ organization })]
  await owner.must('DeleteThread', { threadId: before.id, mode: 'SOFT' })

  expect((await deleteAll(owner)).deleted).toBe(1)
  const later = await app.seed.thread({ organization })

  expect(await listed(owner)).toEqual({ ids: [later.id], totalCount: 1 })
})

test('with nothing to delete there is nothing to undo', async () => {
  const { owner } = await app.seed.organization()

  expect(await deleteAll(owner)).toEqual({
    deleted: 0,
    message: 'Successfully deleted 0 thread(s)',
    batchId: null,
    restoreUntil: null,
    auditLogId: expect.stringMatching(/^audit_/),
  })
})

test('in an organization that is foreign or unknown nothing is deleted', async () => {
  const thread = await app.seed.thread()
  const own = await app.seed.thread()

  for (const organizationId of [thread.organizationId, 'org_unknown']) {
    const { deleted, message } = await deleteAll(own.owner, { organizationId })
    expect({ deleted, message }).toEqual({ deleted: 0, message: 'Successfully deleted 0 thread(s)' })
  }

  expect(await listed(own.owner)).toEqual({ ids: [own.id], totalCount: 1 })
  expect(await listed(thread.owner)).toEqual({ ids: [thread.id], totalCount: 1 })
})

test.each(['acme', '', 'ORG_1', ' org_1', 'user_1', '9c0de4c5-9bd2-4f0e-8f0c-0e9d7e1a4b11'])(
  'an organization id that does not start with org_ is refused: "%s"',
  async (organizationId) => {
    const thread = await app.seed.thread()

    const reply = await thread.owner.run('DeleteAllThreads', { organizationId })

    expect(reply).toFailWith({ ...FORMAT, details: { organizationId } })
    expect(await listed(thread.owner)).toEqual({ ids: [thread.id], totalCount: 1 })
  },
)

test('an explicit null is refused, because it is more likely a mistake than a wish', async () => {
  const thread = await app.seed.thread()

  for (const reply of [
    await thread.owner.run('DeleteAllThreads', { organizationId: null }),
    await thread.owner.run('mutation { deleteAllThreads(organizationId: null) { deleted } }'),
  ]) {
    expect(reply).toFailWith({ code: 'VALIDATION_ERROR', status: 422, type: 'validation_error' })
    expect(reply.data).toEqual({ deleteAllThreads: null })
  }
  expect(await listed(thread.owner)).toEqual({ ids: [thread.id], totalCount: 1 })
})

test('nobody deletes anything without a credential', async () => {
  expect(await app.anonymous().run('DeleteAllThreads')).toFailWith({ code: 'UNAUTHENTICATED', status: 401 })
  expect(await app.anonymous().run('DeleteAllThreads', { organizationId: 'acme' })).toFailWith({
    code: 'UNAUTHENTICATED',
  })
})

test('the threads leave every space, and a search there finds them no more', async () => {
  const { owner, organization, space, backfillId } = await app.seed.spaceWithThread({ messages: ['wool'] })
  const member = await app.seed.member(organization)
  const theirs = await app.seed.thread({ organization, owner: member, messages: ['wool of another'] })
  await app.seed.embedded(owner, backfillId)
  await app.seed.embedded(owner, await app.seed.link(space, theirs))

  expect((await deleteAll(owner)).deleted).toBe(1)

  expect(await countsOf(owner, space.id)).toEqual({ threadCount: 1, vectorCount: 1, listed: [theirs.id] })
  expect(await found(owner, space.id, 'wool')).toEqual(theirs.messageIds)
})

test('projects stay while their threads can be restored', async () => {
  const organization = await app.seed.organization()
  const project = await app.seed.project(organization)
  await app.seed.thread({ organization, project })

  await deleteAll(organization.owner)

  const { project: shown } = await organization.owner.must('Project', { id: project.id })
  expect(shown).toMatchObject({ id: project.id, threadCount: 0 })
})
