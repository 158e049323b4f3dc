import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../../support/app.js'
import { expectSoundRest } from '../../support/rest.js'
import { auditOf, listed, rowsOf, usageOf } from './deletion.fixture.js'

let app: TestApp

beforeAll(async () => {
  app = await startTestApp()
  // A soft-deleted thread holds its project, here and in the database: only a repair by hand parts them.
  await app.pool.query('alter table thread drop constraint thread_project_id_fkey')
})
afterAll(() => app[Symbol.asyncDispose]())

/** Two hidden threads of one deletion, of which the project of the second was removed by hand. */
async function seedOrphan() {
  const organization = await app.seed.organization()
  const { owner } = organization
  const project = await app.seed.project(organization)
  const kept = await app.seed.thread({ organization, messages: 1 })
  const orphan = await app.seed.thread({ organization, project, messages: 2 })
  const { deleteAllThreads } = await owner.must('DeleteAllThreads')
  await app.pool.query('delete from project where id = $1', [project.id])
  await app.pool.query('update usage set projects = 0 where organization_id = $1', [organization.id])
  const conflict = {
    code: 'CONFLICT',
    status: 409,
    systemMessage: 'Project gone',
    details: { threadId: orphan.id, projectId: project.id },
  }
  return { organization, owner, kept, orphan, conflict, batchId: deleteAllThreads.batchId as string }
}

test('a thread whose project is gone is not restored, alone or with its batch, and nothing changes', async () => {
  const { organization, owner, kept, orphan, conflict, batchId } = await seedOrphan()
  const rows = await rowsOf(app.pool, orphan.id)

  expect(await owner.run('RestoreThread', { threadId: orphan.id })).toFailWith(conflict)
  expect(await owner.run('RestoreThreads', { batchId })).toFailWith(conflict)

  expect(await listed(owner)).toEqual({ ids: [], totalCount: 0 })
  expect((await listed(owner, { includeDeleted: true })).totalCount).toBe(2)
  expect(await rowsOf(app.pool, orphan.id)).toEqual(rows)
  expect(await usageOf(owner, organization.id)).toEqual({ threads: 0, projects: 0, messages: 0 })
  expect(await auditOf(app.pool, orphan.id)).not.toContainEqual(
    expect.objectContaining({ action: 'thread.restored' }),
  )
  await owner.must('RestoreThread', { threadId: kept.id })
  expect((await listed(owner)).ids).toEqual([kept.id])
  await expectSoundRest(app.pool)
})

test('once its project is put right, it is restored', async () => {
  const { owner, orphan, batchId } = await seedOrphan()
  await app.pool.query('update thread set project_id = null where id = $1', [orphan.id])

  expect((await owner.must('RestoreThreads', { batchId })).restoreThreads.restored).toBe(2)
  await expectSoundRest(app.pool)
})
