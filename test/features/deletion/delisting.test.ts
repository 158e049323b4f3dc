import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../../support/app.js'
import type { Json, TestClient } from '../../support/client.js'
import { eventually } from '../../support/eventually.js'
import { expectInvariants } from '../../support/invariants.js'
import { listed } from './deletion.fixture.js'

let app: TestApp

beforeAll(async () => {
  // Nothing is done for the sake of time here: a deletion asks for it.
  app = await startTestApp({ timings: { housekeeping: { pollMs: 3_600_000 } } })
})
afterAll(() => app[Symbol.asyncDispose]())

async function seedThreads(count: number) {
  const organization = await app.seed.organization()
  const ids: string[] = []
  for (let n = 0; n < count; n++) ids.unshift((await app.seed.thread({ organization, messages: 1 })).id)
  return { organization, owner: organization.owner, ids }
}

/** Until all that is hidden is taken out of the way of lists. */
async function waitUntilDelisted(): Promise<void> {
  await eventually(async () => {
    const { rows } = await app.pool.query(
      `select id from thread where listed and deleted_at is not null
       union all select id from deletion_batch where listed and scope = 'OWN_THREADS' and state = 'RESTORABLE'`,
    )
    expect(rows).toEqual([])
  })
}

/** All pages of two. */
async function pagesOf(owner: TestClient, variables: Record<string, unknown>): Promise<string[]> {
  const ids: string[] = []
  let after: string | null = null
  do {
    const { threads }: Json = await owner.must('Threads', { first: 2, after, ...variables })
    ids.push(...threads.edges.map(({ node }: Json) => node.id))
    after = threads.pageInfo.hasNextPage ? threads.pageInfo.endCursor : null
  } while (after !== null)
  return ids
}

test('hidden threads that are out of the way stand in their place where hidden ones are asked for', async () => {
  const { organization, owner, ids } = await seedThreads(5)
  await owner.must('DeleteAllThreads')
  const late = await app.seed.thread({ organization, messages: 1 })
  const last = await app.seed.thread({ organization, messages: 1 })
  await owner.must('DeleteThread', { threadId: late.id, mode: 'SOFT' })

  await waitUntilDelisted()

  const { id: organizationId } = organization
  const all = [last.id, late.id, ...ids]
  expect(await pagesOf(owner, {})).toEqual([last.id])
  expect(await pagesOf(owner, { organizationId })).toEqual([last.id])
  expect(await pagesOf(owner, { includeDeleted: true })).toEqual(all)
  expect(await pagesOf(owner, { organizationId, includeDeleted: true })).toEqual(all)
  expect((await listed(owner, { includeDeleted: true })).totalCount).toBe(all.length)
  await expectInvariants(app.pool)
})

test('a restoration puts them back into lists, all at once or one', async () => {
  const { owner, ids } = await seedThreads(4)
  const [newest = ''] = ids
  const { deleteAllThreads } = await owner.must('DeleteAllThreads')
  await waitUntilDelisted()

  await owner.must('RestoreThread', { threadId: newest })
  expect(await listed(owner)).toEqual({ ids: [newest], totalCount: 1 })
  await owner.must('RestoreThreads', { batchId: deleteAllThreads.batchId })

  expect(await listed(owner)).toEqual({ ids, totalCount: ids.length })
  await expectInvariants(app.pool)
})
