import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../../support/app.js'
import { eventually } from '../../support/eventually.js'
import { expectSoundRest } from '../../support/rest.js'
import { type FakeSandboxEndpoint, startSandboxEndpoint } from '../../support/sandbox.endpoint.js'

const KEY = 'key-of-the-sandbox-service'
const TIMINGS = {
  backfill: { pollMs: 50 },
  outbox: { pollMs: 20, graceMs: 10, backoff: { baseMs: 1, maxMs: 5 } },
}
let endpoint: FakeSandboxEndpoint
let app: TestApp

beforeAll(async () => {
  endpoint = await startSandboxEndpoint()
  app = await startTestApp({
    environment: { SANDBOX_API_URL: endpoint.url, SANDBOX_API_KEY: KEY },
    timings: TIMINGS,
  })
})
afterAll(async () => {
  await app[Symbol.asyncDispose]()
  await endpoint.close()
})
beforeEach(() => {
  endpoint.requests.length = 0
})
afterEach(() => expectSoundRest(app.pool))

async function seedProject(sandboxId: string) {
  const organization = await app.seed.organization()
  const project = await app.seed.project(organization, sandboxId)
  const thread = await app.seed.thread({ organization, project })
  return { organization, owner: organization.owner, project, thread }
}

async function readOutbox() {
  const { rows } = await app.pool.query('select kind, payload, attempts from outbox')
  return rows
}

const waitUntilDone = () => eventually(async () => expect(await readOutbox()).toEqual([]))

test('the sandbox goes with the project of the last thread, and the reply says that this is under way', async () => {
  const { owner, project, thread } = await seedProject('sandbox-1')

  const { deleteThread } = await owner.must('DeleteThread', { threadId: thread.id })

  expect(deleteThread).toMatchObject({
    status: 'PARTIAL',
    message: 'Thread deleted successfully',
    projectDeleted: true,
    warnings: ['The deletion of sandbox sandbox-1 is under way.'],
    warningCount: 1,
    errors: [],
    errorCount: 0,
  })
  await waitUntilDone()
  expect(endpoint.requests).toEqual([
    { method: 'DELETE', path: '/api/sandbox/sandbox-1', authorization: `Bearer ${KEY}` },
  ])
  expect(await owner.run('Project', { id: project.id })).toFailWith({ code: 'RESOURCE_NOT_FOUND' })
})

test('a service that fails is retried until it succeeds, and the deletion remains', async () => {
  const { owner, thread } = await seedProject('sandbox-2')
  for (const status of [503, 500, 429]) endpoint.failNext(status)

  const { deleteThread } = await owner.must('DeleteThread', { threadId: thread.id })

  expect(deleteThread.status).toBe('PARTIAL')
  expect(await owner.run('Thread', { id: thread.id })).toFailWith({ code: 'RESOURCE_NOT_FOUND' })
  await waitUntilDone()
  expect(endpoint.requests).toHaveLength(4)
  expect(endpoint.deletions).toContain('sandbox-2')
})

test('a sandbox that is gone already counts as deleted', async () => {
  const { owner, thread } = await seedProject('sandbox-3')
  endpoint.failNext(404)

  await owner.must('DeleteThread', { threadId: thread.id })

  await waitUntilDone()
  expect(endpoint.requests).toHaveLength(1)
})

test('a service that does not answer holds no reply up', async () => {
  const silent = await startSandboxEndpoint()
  silent.hang()
  const environment = { SANDBOX_API_URL: silent.url, SANDBOX_API_KEY: KEY }
  await using other = await startTestApp({ environment, timings: TIMINGS })
  const organization = await other.seed.organization()
  const project = await other.seed.project(organization, 'sandbox-4')
  const thread = await other.seed.thread({ organization, project })

  const { deleteThread } = await organization.owner.must('DeleteThread', { threadId: thread.id })

  expect(deleteThread).toMatchObject({ status: 'PARTIAL', projectDeleted: true })
  await silent.close()
})

test.each(['PERMANENT', 'SOFT'])(
  'a sandbox stays while a thread of its project is there: %s',
  async (mode) => {
    const { owner, organization, project, thread } = await seedProject(`sandbox-5-${mode}`)
    await app.seed.thread({ organization, project })

    const { deleteThread } = await owner.must('DeleteThread', { threadId: thread.id, mode })

    expect(deleteThread).toMatchObject({ status: 'SUCCESS', warnings: [], projectDeleted: false })
    expect(await readOutbox()).toEqual([])
    expect(endpoint.requests).toEqual([])
    expect((await owner.must('Project', { id: project.id })).project.sandbox).toEqual({
      id: `sandbox-5-${mode}`,
      status: 'ACTIVE',
    })
  },
)

test('a sandbox stays while the last thread of its project can be restored', async () => {
  const { owner, project, thread } = await seedProject('sandbox-6')

  const { deleteThread } = await owner.must('DeleteThread', { threadId: thread.id, mode: 'SOFT' })

  expect(deleteThread).toMatchObject({ status: 'SUCCESS', warnings: [], projectDeleted: false })
  expect(await readOutbox()).toEqual([])
  expect((await owner.must('Project', { id: project.id })).project.sandbox.status).toBe('ACTIVE')
})

test('two last threads deleted at once delete the sandbox once', async () => {
  const { owner, organization, project, thread } = await seedProject('sandbox-7')
  const other = await app.seed.thread({ organization, project })

  await Promise.all([thread, other].map(({ id }) => owner.must('DeleteThread', { threadId: id })))

  await waitUntilDone()
  expect(endpoint.requests.map(({ path }) => path)).toEqual(['/api/sandbox/sandbox-7'])
})

test('a sandbox is refused where no service could delete it', async () => {
  await using other = await startTestApp()
  const organization = await other.seed.organization()
  const input = { organizationId: organization.id, name: 'Website', sandboxId: 'sandbox-8' }

  expect(await organization.owner.run('CreateProject', { input })).toFailWith({
    code: 'VALIDATION_ERROR',
    status: 422,
    details: { sandboxId: 'sandbox-8' },
    systemMessage: 'Invalid sandboxId. No sandbox service is configured: set SANDBOX_API_URL.',
  })
})
