import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../../support/app.js'
import { SET_LEGAL_HOLD } from '../../support/documents.js'
import { expectInvariants } from '../../support/invariants.js'
import { DELETE_ALL, expectPurged, PREVIEW_ALL, watchDeletion } from './purge.fixture.js'

let app: TestApp

beforeAll(async () => {
  app = await startTestApp()
})
afterAll(() => app[Symbol.asyncDispose]())
afterEach(() => expectInvariants(app.pool))

async function organizationWithThreads(count: number) {
  const organization = await app.seed.organization()
  const project = await app.seed.project(organization)
  const threads = []
  for (let n = 0; n < count; n++) threads.push(await app.seed.thread({ organization, project, messages: 3 }))
  return { organization, owner: organization.owner, project, threads }
}

test('all own threads go for good, confirmed by the token of their preview', async () => {
  const { organization, owner, project, threads } = await organizationWithThreads(7)
  const organizationId = organization.id

  const { threadsDeletionPreview: preview } = await owner.must(PREVIEW_ALL, { organizationId })
  const variables = { organizationId, mode: 'PERMANENT', confirmationToken: preview.confirmationToken }
  const { deleteAllThreads } = await owner.must(DELETE_ALL, variables)
  const progress = await watchDeletion(owner, { batchId: deleteAllThreads.batchId })

  expect(preview).toMatchObject({ threadCount: 7, messageCount: 21, projectCount: 1, sandboxCount: 0 })
  expect(deleteAllThreads).toMatchObject({ status: 'PARTIAL', deleted: 7, restoreUntil: null })
  expect(progress.at(-1)).toMatchObject({
    status: 'COMPLETED',
    deletedThreads: 7,
    deletedMessages: 21,
    percent: 100,
  })
  for (const { id } of threads) await expectPurged(app, id)
  expect(await owner.run('Project', { id: project.id })).toFailWith({ code: 'RESOURCE_NOT_FOUND' })
  expect(await owner.run(DELETE_ALL, variables)).toFailWith({
    code: 'CONFLICT',
    systemMessage: 'Confirmation not valid',
  })
})

test('without the token nothing happens, nor with that of another scope or caller', async () => {
  const { organization, owner } = await organizationWithThreads(2)
  const organizationId = organization.id
  const everywhere = (await owner.must(PREVIEW_ALL)).threadsDeletionPreview.confirmationToken
  const stranger = await app.seed.user()
  const others = (await stranger.must(PREVIEW_ALL, { organizationId })).threadsDeletionPreview
    .confirmationToken

  expect(await owner.run(DELETE_ALL, { organizationId, mode: 'PERMANENT' })).toFailWith({
    code: 'VALIDATION_ERROR',
  })
  for (const confirmationToken of [everywhere, others, 'made up']) {
    const variables = { organizationId, mode: 'PERMANENT', confirmationToken }
    expect(await owner.run(DELETE_ALL, variables)).toFailWith({ code: 'CONFLICT' })
  }
  expect((await owner.must('Threads', { organizationId })).threads.totalCount).toBe(2)
})

test('a token ends after ten minutes', async () => {
  const { organization, owner } = await organizationWithThreads(1)
  const organizationId = organization.id
  const { confirmationToken } = (await owner.must(PREVIEW_ALL, { organizationId })).threadsDeletionPreview

  await app.pool.query(`update deletion_confirmation set expires_at = expires_at - interval '10 minutes'`)

  expect(await owner.run(DELETE_ALL, { organizationId, mode: 'PERMANENT', confirmationToken })).toFailWith({
    code: 'CONFLICT',
  })
})

test('a thread under a legal hold stays, and stays visible', async () => {
  const { organization, owner, threads } = await organizationWithThreads(3)
  const organizationId = organization.id
  const held = threads[1]?.id
  await owner.must(SET_LEGAL_HOLD, { threadId: held, legalHold: true })

  const { threadsDeletionPreview: preview } = await owner.must(PREVIEW_ALL, { organizationId })
  const { confirmationToken } = preview
  const { deleteAllThreads } = await owner.must(DELETE_ALL, {
    organizationId,
    mode: 'PERMANENT',
    confirmationToken,
  })
  await watchDeletion(owner, { batchId: deleteAllThreads.batchId })

  expect(preview.threadCount).toBe(2)
  expect(deleteAllThreads.deleted).toBe(2)
  expect((await owner.must('Thread', { id: held })).thread.messageCount).toBe(3)
})
