import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../../support/app.js'
import type { TestClient } from '../../support/client.js'
import { testServerUrl } from '../../support/database.js'
import { FINISH_AGENT_RUN } from '../../support/documents.js'
import { eventually } from '../../support/eventually.js'
import { expectInvariants } from '../../support/invariants.js'

let app: TestApp

beforeAll(async () => {
  app = await startTestApp()
})
afterAll(async () => {
  await expectInvariants(app.pool)
  await app[Symbol.asyncDispose]()
})

const NOT_FOUND = { code: 'RESOURCE_NOT_FOUND', status: 404, systemMessage: 'Agent run not found' }
const CONFLICT = { code: 'CONFLICT', status: 409, systemMessage: 'Agent run not running' }

async function start(client: TestClient, threadId: string): Promise<string> {
  const { startAgentRun } = await client.must('StartAgentRun', { threadId })
  return startAgentRun.agentRun.id
}

const finish = (client: TestClient, agentRunId: string, status = 'COMPLETED') =>
  client.run(FINISH_AGENT_RUN, { agentRunId, status })

test.each(['COMPLETED', 'FAILED', 'CANCELED'])('a run ends once, as %s', async (status) => {
  const thread = await app.seed.thread()
  const run = await start(thread.owner, thread.id)

  const { data } = await finish(thread.owner, run, status)

  const times = { startedAt: expect.any(String), finishedAt: expect.any(String) }
  expect(data.finishAgentRun.agentRun).toEqual({ id: run, status, ...times })
  const details = { agentRunId: run }
  expect(await finish(thread.owner, run)).toFailWith({ ...CONFLICT, details })
})

test('of many who end a run at once, one does', async () => {
  const thread = await app.seed.thread()
  const run = await start(thread.owner, thread.id)

  const replies = await Promise.all(Array.from({ length: 6 }, () => finish(thread.owner, run)))

  const refused = replies.filter(({ errors }) => errors)
  expect(refused).toHaveLength(5)
  for (const reply of refused) expect(reply).toFailWith(CONFLICT)
})

test('a run does not end as RUNNING', async () => {
  const thread = await app.seed.thread()
  const run = await start(thread.owner, thread.id)

  const systemMessage = 'Invalid status. It must be COMPLETED, FAILED or CANCELED.'
  expect(await finish(thread.owner, run, 'RUNNING')).toFailWith({ code: 'VALIDATION_ERROR', systemMessage })
})

test('a run that the caller cannot see is answered like one that never was', async () => {
  const thread = await app.seed.thread()
  const run = await start(thread.owner, thread.id)
  const stranger = await app.seed.user()

  for (const agentRunId of [run, 'run_none']) {
    expect(await finish(stranger, agentRunId)).toFailWith({ ...NOT_FOUND, details: { agentRunId } })
  }
})

test('a run goes with its thread: it does not hold the deletion up, and cannot end afterwards', async () => {
  for (const mode of ['SOFT', 'PERMANENT']) {
    const thread = await app.seed.thread()
    const run = await start(thread.owner, thread.id)

    const { deleteThread } = await thread.owner.must('DeleteThread', { threadId: thread.id, mode })

    expect(deleteThread).toMatchObject({ status: 'SUCCESS', deletedAgentRunCount: 1 })
    expect(await finish(thread.owner, run)).toFailWith(NOT_FOUND)
    expect(await thread.owner.run('StartAgentRun', { threadId: thread.id })).toFailWith({
      code: 'RESOURCE_NOT_FOUND',
      systemMessage: 'Thread not found',
    })
  }
})

test('the runs of a thread are listed in pages, the newest first', async () => {
  const thread = await app.seed.thread()
  const made: string[] = []
  for (let index = 0; index < 12; index++) made.push(await start(thread.owner, thread.id))
  const document = `query ($id: ID!, $after: String) { thread(id: $id) { agentRuns(first: 5, after: $after) {
    edges { node { id } } pageInfo { hasNextPage endCursor }
  } } }`
  const seen: string[] = []
  let after: string | null = null

  do {
    const { thread: page } = await thread.owner.must(document, { id: thread.id, after })
    seen.push(...page.agentRuns.edges.map(({ node }: { node: { id: string } }) => node.id))
    after = page.agentRuns.pageInfo.hasNextPage ? page.agentRuns.pageInfo.endCursor : null
  } while (after !== null)

  expect(seen).toEqual(made.reverse())
})

test('a start of a run and a deletion of its thread at once leave nothing behind', async () => {
  for (let round = 0; round < 5; round++) {
    const thread = await app.seed.thread()

    const [started, deleted] = await Promise.all([
      thread.owner.run('StartAgentRun', { threadId: thread.id }),
      thread.owner.run('DeleteThread', { threadId: thread.id }),
    ])

    expect(deleted.errors).toBeUndefined()
    if (started.errors) expect(started).toFailWith({ code: 'RESOURCE_NOT_FOUND' })
    const { rowCount } = await app.pool.query('select 1 from agent_run where thread_id = $1', [thread.id])
    expect(rowCount).toBe(0)
  }
})

test.skipIf(!testServerUrl())(
  'no run starts or ends on a thread once its deletion with all others is acknowledged',
  async () => {
    for (const change of ['start', 'finish'] as const) {
      const thread = await app.seed.thread()
      const run = await start(thread.owner, thread.id)
      const blocker = await app.pool.connect()
      try {
        await blocker.query('begin; lock table agent_run in exclusive mode')
        // It has asked whether the thread is live, and waits to write.
        const changed =
          change === 'start'
            ? thread.owner.run('StartAgentRun', { threadId: thread.id })
            : finish(thread.owner, run)
        await waitForWaiting(1)

        // If it does not wait for the run, it is acknowledged before it.
        const deleted = thread.owner.must('DeleteAllThreads')
        await waitForWaiting(2)
        await blocker.query('commit')

        expect((await changed).errors).toBeUndefined()
        expect((await deleted).deleteAllThreads.deleted).toBe(1)
      } finally {
        // Ends its transaction too.
        blocker.release(true)
      }
    }
  },
)

/** Resolves when this many statements on the test's database wait for a lock. */
function waitForWaiting(count: number): Promise<void> {
  return eventually(async () => {
    const { rowCount } = await app.pool.query(
      `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
    )
    expect(rowCount).toBe(count)
  })
}

test('starts of runs and a deletion of all threads at once leave no run that was started later', async () => {
  for (let round = 0; round < 5; round++) {
    const organization = await app.seed.organization()
    const { owner } = organization
    const threads = await Promise.all(Array.from({ length: 4 }, () => app.seed.thread({ organization })))
    const startAll = () => Promise.all(threads.map(({ id }) => owner.run('StartAgentRun', { threadId: id })))

    const [before, deleted] = await Promise.all([startAll(), owner.must('DeleteAllThreads')])
    const after = await startAll()

    expect(deleted.deleteAllThreads.deleted).toBe(threads.length)
    for (const reply of after) expect(reply).toFailWith({ code: 'RESOURCE_NOT_FOUND' })
    const started = before.filter(({ errors }) => !errors).length
    const { rowCount } = await app.pool.query('select 1 from agent_run where thread_id = any($1)', [
      threads.map(({ id }) => id),
    ])
    expect(rowCount).toBe(started)
  }
})
