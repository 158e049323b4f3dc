import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../../support/app.js'
import { expectSoundRest } from '../../support/rest.js'
import { auditOf } from './deletion.fixture.js'

const TRACE_ID = '0af7651916cd43dd8448eb211c80319c'
const HEADERS = {
  'x-request-id': 'request-17',
  traceparent: `00-${TRACE_ID}-b7ad6b7169203331-01`,
  'x-correlation-id': 'correlation-17',
  'apollographql-client-version': '4.2.0',
}
const RETENTION_DAYS = 12
const DAY_MS = 86_400_000
const CUSTOM = {
  tags: { topic: 'billing' },
  labels: { team: 'blue' },
  annotations: { note: 'kept' },
  extra: { color: 'red' },
  source: 'import',
  version: '3',
}
const IMPORT = `mutation ($organizationId: ID, $threads: [ImportThreadInput!]!) {
  importThreads(organizationId: $organizationId, threads: $threads) { results { threadId status } }
}`
let app: TestApp

beforeAll(async () => {
  app = await startTestApp({
    environment: {
      ENVIRONMENT: 'staging',
      REGION: 'eu-north-1',
      THREAD_RETENTION_DAYS: String(RETENTION_DAYS),
    },
  })
})
afterAll(() => app[Symbol.asyncDispose]())
afterEach(() => expectSoundRest(app.pool))

/** A thread of a member in a project, and the administrator who deletes it. */
async function seedThread() {
  const { seed } = app
  const organization = await seed.organization()
  const owner = await seed.member(organization)
  const administrator = await seed.member(organization, 'ADMIN')
  const project = await seed.project(organization)
  const input = {
    organizationId: organization.id,
    projectId: project.id,
    title: 'Weaving',
    metadata: { customMetadata: CUSTOM, extra: { ...CUSTOM, source: null, version: 4, tags: ['a list'] } },
  }
  const { createThread } = await owner.must('CreateThread', { input })
  const thread = { id: createThread.thread.id as string, owner }
  await seed.messages(thread, 3)
  await owner.must('StartAgentRun', { threadId: thread.id })
  const space = await seed.space(organization)
  await seed.embedded(space.owner, await seed.link(space, thread))
  const signedIn = await app.as(administrator.userId ?? '', { sid: 'session-17' })
  return { thread, project, administrator: signedIn.with(HEADERS) }
}

function commonFields({ thread, project, administrator }: Awaited<ReturnType<typeof seedThread>>) {
  return {
    status: 'SUCCESS',
    message: 'Thread deleted successfully',
    threadId: thread.id,
    deletedMessageCount: 3,
    deletedAgentRunCount: 1,
    deletedVectorCount: 3,
    deletedAt: expect.any(String),
    timestamp: expect.any(String),
    deletedBy: administrator.userId,
    userId: thread.owner.userId,
    sessionId: 'session-17',
    threadTitle: 'Weaving',
    projectId: project.id,
    conversationId: null,
    errors: [],
    warnings: [],
    errorCount: 0,
    warningCount: 0,
    auditLogId: expect.stringMatching(/^audit_/),
    backupCreated: false,
    backupLocation: null,
    requestId: 'request-17',
    traceId: TRACE_ID,
    correlationId: 'correlation-17',
    operationDurationMs: expect.any(Number),
    apiVersion: '1',
    clientVersion: '4.2.0',
    serverVersion: expect.stringMatching(/^\d+\.\d+\.\d+/),
    environment: 'staging',
    region: 'eu-north-1',
    deprecationNotice: null,
    migrationGuide: null,
    customMetadata: CUSTOM,
    extra: { ...CUSTOM, tags: null, source: null, version: null },
  }
}

test('the receipt of a permanent deletion is true in every field', async () => {
  const seeded = await seedThread()
  const before = Date.now()

  const { deleteThread } = await seeded.administrator.must('DeleteThread', { threadId: seeded.thread.id })

  const after = Date.now()
  expect(deleteThread).toEqual({
    ...commonFields(seeded),
    softDelete: false,
    permanentDelete: true,
    canRestore: false,
    restoreUntil: null,
    projectDeleted: true,
  })
  for (const time of [deleteThread.deletedAt, deleteThread.timestamp]) {
    expect(Date.parse(time)).toBeGreaterThanOrEqual(before - 1)
    expect(Date.parse(time)).toBeLessThanOrEqual(after + 1)
  }
  expect(Date.parse(deleteThread.deletedAt)).toBeLessThanOrEqual(Date.parse(deleteThread.timestamp))
  expect(deleteThread.operationDurationMs).toBeGreaterThan(0)
  expect(deleteThread.operationDurationMs).toBeLessThanOrEqual(after - before + 1)
})

test('the receipt of a soft deletion tells until when it can be undone, and counts what is hidden', async () => {
  const seeded = await seedThread()

  const variables = { threadId: seeded.thread.id, mode: 'SOFT' }
  const { deleteThread } = await seeded.administrator.must('DeleteThread', variables)

  expect(deleteThread).toEqual({
    ...commonFields(seeded),
    softDelete: true,
    permanentDelete: false,
    canRestore: true,
    restoreUntil: expect.any(String),
    projectDeleted: false,
  })
  const period = Date.parse(deleteThread.restoreUntil) - Date.parse(deleteThread.deletedAt)
  expect(period).toBe(RETENTION_DAYS * DAY_MS)
})

test('what the client does not send is made here, or null', async () => {
  const thread = await app.seed.thread()

  const { deleteThread } = await thread.owner.must('DeleteThread', { threadId: thread.id })

  expect(deleteThread).toMatchObject({
    requestId: expect.stringMatching(/^req_/),
    traceId: expect.stringMatching(/^[\da-f]{32}$/),
    correlationId: null,
    sessionId: null,
    clientVersion: null,
    customMetadata: null,
    extra: null,
  })
})

test('the version of a client may come by its other header, and a broken traceparent is replaced', async () => {
  const thread = await app.seed.thread()
  const client = thread.owner.with({ 'x-client-version': '1.0', traceparent: 'nonsense' })

  const { deleteThread } = await client.must('DeleteThread', { threadId: thread.id })

  expect(deleteThread.clientVersion).toBe('1.0')
  expect(deleteThread.traceId).toMatch(/^[\da-f]{32}$/)
})

test('the conversation id is the one that an import gave', async () => {
  const organization = await app.seed.organization()
  const { owner } = organization
  const messages = [{ id: 'imported-message-1', role: 'USER', content: 'Hello' }]
  const threads = [{ id: 'conversation-9', title: 'Imported', messages }]
  await owner.must(IMPORT, { organizationId: organization.id, threads })

  const { deleteThread } = await owner.must('DeleteThread', { threadId: 'conversation-9' })

  expect(deleteThread).toMatchObject({ threadId: 'conversation-9', conversationId: 'conversation-9' })
})

test('a deletion with an API key has no session', async () => {
  const owner = app.withApiKey()
  const thread = await app.seed.thread({ owner })

  const { deleteThread } = await owner.must('DeleteThread', { threadId: thread.id })

  expect(deleteThread).toMatchObject({ deletedBy: owner.userId, userId: owner.userId, sessionId: null })
})

test('a deletion over WebSocket gets the same receipt', async () => {
  const seeded = await seedThread()

  const { data } = await seeded.administrator.runOverWebSocket('DeleteThread', {
    threadId: seeded.thread.id,
  })

  expect(data.deleteThread).toEqual({
    ...commonFields(seeded),
    softDelete: false,
    permanentDelete: true,
    canRestore: false,
    restoreUntil: null,
    projectDeleted: true,
  })
})

test.each([
  { mode: 'PERMANENT', action: 'thread.deleted' },
  { mode: 'SOFT', action: 'thread.soft-deleted' },
])('a deletion leaves exactly one audit event, which the receipt names: $mode', async ({ mode, action }) => {
  const { thread, administrator } = await seedThread()

  const { deleteThread } = await administrator.must('DeleteThread', { threadId: thread.id, mode })

  const events = await auditOf(app.pool, thread.id)
  expect(events.filter((event) => event.action.endsWith('deleted'))).toMatchObject([
    {
      id: deleteThread.auditLogId,
      action,
      target_type: 'thread',
      actor_id: administrator.userId,
      request_id: 'request-17',
      trace_id: TRACE_ID,
      correlation_id: 'correlation-17',
      details: { messages: 3, vectors: 3 },
    },
  ])
})

test('a deletion that fails leaves no audit event', async () => {
  const thread = await app.seed.thread()
  const { length } = await auditOf(app.pool, thread.id)

  await (await app.seed.user()).run('DeleteThread', { threadId: thread.id })

  expect(await auditOf(app.pool, thread.id)).toHaveLength(length)
})
