import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../../support/app.js'
import { codeOf, expectSettled, listed } from './deletion.fixture.js'
import { steps, World } from './deletion.world.js'

const RUNS = 15
const TIMEOUT_MS = 120_000
let app: TestApp

beforeAll(async () => {
  app = await startTestApp()
})
afterAll(() => app[Symbol.asyncDispose]())

/** A project is gone exactly when one receipt says so. */
async function expectProjects({ organization, projects, receipts }: World): Promise<void> {
  const deleted = receipts.filter(({ projectDeleted }) => projectDeleted).map(({ projectId }) => projectId)
  expect(new Set(deleted).size).toBe(deleted.length)
  for (const { id } of projects) {
    const code = codeOf(await organization.owner.run('Project', { id }))
    expect(code).toBe(deleted.includes(id) ? 'RESOURCE_NOT_FOUND' : null)
  }
}

/** Every thread and every message is there, but for what receipts say is gone for good. */
async function expectAccounts({ organization, threadIds, receipts, appended }: World): Promise<void> {
  const gone = receipts.filter(({ permanentDelete }) => permanentDelete)
  const { totalCount } = await listed(organization.owner, {
    ...{ organizationId: organization.id, includeDeleted: true },
  })
  expect(totalCount).toBe(threadIds.length - gone.length)
  const { rows } = await app.pool.query(
    `select count(*)::int as count from message m join thread t on t.id = m.thread_id where t.organization_id = $1`,
    [organization.id],
  )
  const removed = gone.reduce((sum, { deletedMessageCount }) => sum + deletedMessageCount, 0)
  expect(rows[0].count).toBe(appended - removed)
}

/** What a list or a search of a space shows is live. */
async function expectOnlyLiveThreads({ organization, spaces }: World): Promise<void> {
  const { owner } = organization
  const live = (await listed(owner, { organizationId: organization.id })).ids
  for (const { id } of spaces) {
    const reply = await owner.run('Space', { id, first: 100 })
    if (codeOf(reply)) continue
    const { searchSpace } = await owner.must('SearchSpace', { spaceId: id, query: 'wool', first: 100 })
    const shown = [
      ...reply.data.space.threads.edges.map(({ node }: { node: { id: string } }) => node.id),
      ...searchSpace.edges.map(({ node }: { node: { thread: { id: string } } }) => node.thread.id),
    ]
    for (const threadId of shown) expect(live).toContain(threadId)
    expect(searchSpace.edges).toHaveLength(Math.min(100, reply.data.space.vectorCount))
  }
}

test(
  'whatever several users do at once, nothing is lost, nothing is left behind, and every count is right',
  async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (groups) => {
        const world = await World.make(app.seed)
        for (const group of groups) await Promise.all(group.map((step) => world.take(step)))
        await expectSettled(app.pool)
        await expectProjects(world)
        await expectAccounts(world)
        await expectOnlyLiveThreads(world)
      }),
      // A race does not shrink: the same steps may end well the next time.
      { numRuns: RUNS, endOnFailure: true },
    )
  },
  TIMEOUT_MS,
)
