import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../../support/app.js'
import { IMPORT_THREADS } from '../../support/documents.js'
import { expectSoundRest } from '../../support/rest.js'
import { auditOf, countsOf, found, listed, usageOf } from './deletion.fixture.js'

const THREADS = 5_000
const AT_ONCE = 500
const LINKED = 10
let app: TestApp

beforeAll(async () => {
  app = await startTestApp({ environment: { ORGANIZATION_THREAD_LIMIT: String(THREADS) } })
})
afterAll(() => app[Symbol.asyncDispose]())

const nameOf = (index: number) => `imported-${index}`

/** So many threads of one message each, some of them in a space, all deleted in one step. */
async function seedLargeBatch() {
  const organization = await app.seed.organization()
  const { id: organizationId, owner } = organization
  for (let start = 0; start < THREADS; start += AT_ONCE) {
    const threads = Array.from({ length: AT_ONCE }, (_, index) => ({
      id: nameOf(start + index),
      messages: [{ id: `${nameOf(start + index)}-1`, role: 'USER', content: `wool number ${start + index}` }],
    }))
    await owner.must(IMPORT_THREADS, { organizationId, threads })
  }
  const space = await app.seed.space(organization)
  for (let index = 0; index < LINKED; index++) {
    await app.seed.embedded(owner, await app.seed.link(space, { id: nameOf(index), owner }))
  }
  const { deleteAllThreads } = await owner.must('DeleteAllThreads', { organizationId })
  return { organization, owner, space, batchId: deleteAllThreads.batchId as string }
}

test('a large batch is refused whole where it does not fit, and comes back in one step, with nothing embedded again', async () => {
  const { organization, owner, space, batchId } = await seedLargeBatch()
  const { id: organizationId } = organization
  const whole = { threads: THREADS, projects: 0, messages: THREADS }
  expect(await usageOf(owner, organizationId)).toEqual({ ...whole, threads: 0, messages: 0 })
  expect(await found(owner, space.id, 'wool number 3')).toEqual([])
  const late = await app.seed.thread({ organization })

  expect(await owner.run('RestoreThreads', { batchId })).toFailWith({
    code: 'QUOTA_EXCEEDED',
    status: 403,
    details: { organizationId, limit: THREADS },
  })
  expect(await listed(owner)).toEqual({ ids: [late.id], totalCount: 1 })
  expect(await usageOf(owner, organizationId)).toEqual({ threads: 1, projects: 0, messages: 0 })
  expect(await countsOf(owner, space.id)).toEqual({ threadCount: 0, vectorCount: 0, listed: [] })

  await owner.must('DeleteThread', { threadId: late.id })
  const { length: embedded } = app.embedder.calls
  const { restoreThreads } = await owner.must('RestoreThreads', { batchId })
  await expectSoundRest(app.pool)

  expect(restoreThreads.restored).toBe(THREADS)
  expect(app.embedder.calls).toHaveLength(embedded)
  expect((await listed(owner, { organizationId })).totalCount).toBe(THREADS)
  expect(await usageOf(owner, organizationId)).toEqual(whole)
  expect(await countsOf(owner, space.id)).toMatchObject({ threadCount: LINKED, vectorCount: LINKED })
  expect(await found(owner, space.id, 'wool number 3')).toHaveLength(LINKED)
  const events = await auditOf(app.pool, owner.userId ?? '')
  expect(events.filter(({ action }) => action === 'user.threads-restored')).toMatchObject([
    { details: { batchId, restored: THREADS } },
  ])
})
