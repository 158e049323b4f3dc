import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../../support/app.js'
import { SET_LEGAL_HOLD } from '../../support/documents.js'
import { eventually } from '../../support/eventually.js'
import { expectInvariants } from '../../support/invariants.js'
import { endRetention, expectPurged, rowsOf, watchDeletion } from './purge.fixture.js'

let app: TestApp

beforeAll(async () => {
  app = await startTestApp()
})
afterAll(() => app[Symbol.asyncDispose]())
afterEach(() => expectInvariants(app.pool))

test('a soft-deleted thread is purged once its time is over, with all that hangs on it', async () => {
  const { owner, thread, backfillId } = await app.seed.spaceWithThread({ messages: 5 })
  await app.seed.embedded(owner, backfillId)
  await owner.must('StartAgentRun', { threadId: thread.id })
  await owner.must('DeleteThread', { threadId: thread.id, mode: 'SOFT' })

  await endRetention(app)

  await expectPurged(app, thread.id)
  expect(await owner.run('RestoreThread', { threadId: thread.id })).toFailWith({ code: 'RESOURCE_NOT_FOUND' })
})

test('a bulk deletion is purged whole, and its project with it; what was restored stays', async () => {
  const organization = await app.seed.organization()
  const { owner } = organization
  const project = await app.seed.project(organization)
  const threads = []
  for (let n = 0; n < 12; n++) threads.push(await app.seed.thread({ organization, project, messages: 2 }))
  const kept = await app.seed.thread({ organization, messages: 2 })
  const { deleteAllThreads } = await owner.must('DeleteAllThreads', { organizationId: organization.id })
  await owner.must('RestoreThread', { threadId: kept.id })

  await endRetention(app)
  await eventually(async () =>
    expect(await owner.run('Project', { id: project.id })).toFailWith({ code: 'RESOURCE_NOT_FOUND' }),
  )

  for (const { id } of threads) await expectPurged(app, id)
  expect((await owner.must('Thread', { id: kept.id })).thread.messageCount).toBe(2)
  const batchId = deleteAllThreads.batchId
  expect((await watchDeletion(owner, { batchId })).at(-1)).toMatchObject({
    status: 'COMPLETED',
    totalThreads: 13,
  })
  expect(await owner.run('RestoreThreads', { batchId })).toFailWith({ code: 'CONFLICT' })
})

test('a legal hold keeps a thread from its purge until it is lifted', async () => {
  const organization = await app.seed.organization()
  const { owner, id: threadId } = await app.seed.thread({ organization, messages: 3 })
  await owner.must(SET_LEGAL_HOLD, { threadId, legalHold: true })

  expect(await owner.run('DeleteThread', { threadId })).toFailWith({
    code: 'CONFLICT',
    systemMessage: 'Legal hold',
  })
  await owner.must('DeleteThread', { threadId, mode: 'SOFT' })
  await endRetention(app)
  const other = await app.seed.thread({ organization, messages: 1 })
  await owner.must('DeleteThread', { threadId: other.id, mode: 'SOFT' })
  await endRetention(app)
  await expectPurged(app, other.id)

  expect(await rowsOf(app, 'message', threadId)).toBe(3)
  await owner.must(SET_LEGAL_HOLD, { threadId, legalHold: false })
  await expectPurged(app, threadId)
})

test('only an administrator of the organization sets a legal hold', async () => {
  const organization = await app.seed.organization()
  const member = await app.seed.member(organization, 'MEMBER')
  const stranger = await app.seed.user()
  const { id: threadId } = await app.seed.thread({ organization, owner: member, messages: 1 })
  const admin = await app.seed.member(organization, 'ADMIN')

  expect(await member.run(SET_LEGAL_HOLD, { threadId, legalHold: true })).toFailWith({
    code: 'INSUFFICIENT_PERMISSIONS',
    systemMessage: 'Manage access required',
  })
  expect(await stranger.run(SET_LEGAL_HOLD, { threadId, legalHold: true })).toFailWith({
    code: 'RESOURCE_NOT_FOUND',
  })
  expect((await admin.must(SET_LEGAL_HOLD, { threadId, legalHold: true })).setLegalHold.legalHold).toBe(true)
})
