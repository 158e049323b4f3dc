import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../../support/app.js'
import type { Reply, TestClient } from '../../support/client.js'
import { IMPORT_THREADS } from '../../support/documents.js'
import { expectInvariants } from '../../support/invariants.js'
import type { Seeded } from '../../support/seed.js'

let app: TestApp

const THREADS = 5
const PROJECTS = 3

beforeAll(async () => {
  const environment = {
    ORGANIZATION_THREAD_LIMIT: String(THREADS),
    ORGANIZATION_PROJECT_LIMIT: String(PROJECTS),
  }
  app = await startTestApp({ environment })
})
afterAll(async () => {
  await expectInvariants(app.pool)
  await app[Symbol.asyncDispose]()
})

async function usageOf(client: TestClient, organizationId: string) {
  const { viewer } = await client.must('Viewer')
  const found = viewer.organizations.edges.find(({ node }: { node: Seeded }) => node.id === organizationId)
  return found.node.usage
}

const reached = (what: 'Thread' | 'Project', organizationId: string, limit: number) => ({
  code: 'QUOTA_EXCEEDED',
  status: 403,
  systemMessage: `${what} limit reached`,
  message: `The organization has reached its limit of ${limit} live ${what.toLowerCase()}s.`,
  details: { organizationId, limit },
})

const createThread = ({ id: organizationId, owner }: Seeded) =>
  owner.run('CreateThread', { input: { organizationId } })

const createProject = ({ id: organizationId, owner }: Seeded) =>
  owner.run('CreateProject', { input: { organizationId, name: 'Website' } })

const failuresOf = (replies: readonly Reply[]) => replies.filter(({ errors }) => errors)

test('usage counts live threads, live projects, and the messages of live threads', async () => {
  const organization = await app.seed.organization()
  const { owner, id } = organization
  const project = await app.seed.project(organization)
  const limits = { threadLimit: THREADS, projectLimit: PROJECTS }
  const kept = await app.seed.thread({ organization, messages: 2 })
  const hidden = await app.seed.thread({ organization, project, messages: 3 })
  expect(await usageOf(owner, id)).toEqual({ threads: 2, projects: 1, messages: 5, ...limits })

  await owner.must('DeleteThread', { threadId: hidden.id, mode: 'SOFT' })
  expect(await usageOf(owner, id)).toEqual({ threads: 1, projects: 1, messages: 2, ...limits })

  await owner.must('RestoreThread', { threadId: hidden.id })
  expect(await usageOf(owner, id)).toEqual({ threads: 2, projects: 1, messages: 5, ...limits })

  await owner.must('DeleteThread', { threadId: hidden.id })
  expect(await usageOf(owner, id)).toEqual({ threads: 1, projects: 0, messages: 2, ...limits })

  await owner.must('DeleteThread', { threadId: kept.id })
  expect(await usageOf(owner, id)).toEqual({ threads: 0, projects: 0, messages: 0, ...limits })
  await expectInvariants(app.pool)
})

test('usage is told to members only', async () => {
  const organization = await app.seed.organization()
  const space = await app.seed.space(organization, 'PUBLIC')
  const document = 'query ($id: ID!) { space(id: $id) { organization { id usage { threads } } } }'
  const viewer = await app.seed.member(organization, 'VIEWER')

  const told = await viewer.must(document, { id: space.id })
  const untold = await (await app.seed.user()).must(document, { id: space.id })

  expect(told.space.organization).toEqual({ id: organization.id, usage: { threads: 0 } })
  expect(untold.space.organization).toEqual({ id: organization.id, usage: null })
})

describe('the thread limit', () => {
  test('refuses one thread more, makes nothing of it, and has room again after a deletion', async () => {
    const organization = await app.seed.organization()
    const made: string[] = []
    for (let index = 0; index < THREADS; index++) made.push((await app.seed.thread({ organization })).id)

    expect(await createThread(organization)).toFailWith(reached('Thread', organization.id, THREADS))
    await organization.owner.must('DeleteThread', { threadId: made[0], mode: 'SOFT' })
    expect((await createThread(organization)).errors).toBeUndefined()
    expect(await createThread(organization)).toFailWith(reached('Thread', organization.id, THREADS))
    expect(await organization.owner.run('RestoreThread', { threadId: made[0] })).toFailWith(
      reached('Thread', organization.id, THREADS),
    )
    expect(await usageOf(organization.owner, organization.id)).toMatchObject({ threads: THREADS })
  })

  test('is never passed by many creations at once', async () => {
    const organization = await app.seed.organization()

    const replies = await Promise.all(Array.from({ length: 20 }, () => createThread(organization)))

    expect(failuresOf(replies)).toHaveLength(20 - THREADS)
    for (const reply of failuresOf(replies)) {
      expect(reply).toFailWith(reached('Thread', organization.id, THREADS))
    }
    expect(await usageOf(organization.owner, organization.id)).toMatchObject({ threads: THREADS })
    await expectInvariants(app.pool)
  })

  test('is never passed by creations, imports and restorations at once', async () => {
    const organization = await app.seed.organization()
    const { id: organizationId, owner } = organization
    for (let index = 0; index < 3; index++) await app.seed.thread({ organization })
    const { deleteAllThreads } = await owner.must('DeleteAllThreads', { organizationId })
    const threads = [1, 2].map((index) => ({ id: `${organizationId}-${index}`, messages: [] }))

    const replies = await Promise.all([
      owner.run('RestoreThreads', { batchId: deleteAllThreads.batchId }),
      owner.run(IMPORT_THREADS, { organizationId, threads }),
      ...Array.from({ length: 3 }, () => createThread(organization)),
    ])

    for (const reply of failuresOf(replies)) {
      expect(reply).toFailWith(reached('Thread', organizationId, THREADS))
    }
    const { threads: live } = await usageOf(owner, organizationId)
    expect(live).toBeLessThanOrEqual(THREADS)
    expect((await owner.must('Threads', { organizationId })).threads.totalCount).toBe(live)
    await expectInvariants(app.pool)
  })

  test('of an organization of its own goes before the configured one', async () => {
    const organization = await app.seed.organization()
    await app.pool.query('update usage set thread_limit = 1 where organization_id = $1', [organization.id])

    expect((await createThread(organization)).errors).toBeUndefined()

    expect(await createThread(organization)).toFailWith(reached('Thread', organization.id, 1))
    expect(await usageOf(organization.owner, organization.id)).toMatchObject({ threadLimit: 1 })
  })
})

describe('the project limit', () => {
  test('refuses one project more, and has room again once a project went with its last thread', async () => {
    const organization = await app.seed.organization()
    const project = await app.seed.project(organization)
    const thread = await app.seed.thread({ organization, project })
    for (let index = 1; index < PROJECTS; index++) await app.seed.project(organization)

    expect(await createProject(organization)).toFailWith(reached('Project', organization.id, PROJECTS))
    await organization.owner.must('DeleteThread', { threadId: thread.id })

    expect((await createProject(organization)).errors).toBeUndefined()
  })

  test('is never passed by many creations at once', async () => {
    const organization = await app.seed.organization()

    const replies = await Promise.all(Array.from({ length: 12 }, () => createProject(organization)))

    expect(failuresOf(replies)).toHaveLength(12 - PROJECTS)
    for (const reply of failuresOf(replies)) {
      expect(reply).toFailWith(reached('Project', organization.id, PROJECTS))
    }
    await expectInvariants(app.pool)
  })
})
