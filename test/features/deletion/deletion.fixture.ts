import type { Pool } from 'pg'
import type { Json, Reply, TestClient } from '../../support/client.js'

/** What the tests of deletion count, compare and wait for. */

/** Numbers of rows of a thread and of what belongs to it. */
export async function rowsOf(pool: Pool, threadId: string): Promise<Record<string, number>> {
  const { rows } = await pool.query(
    `select
      (select count(*)::int from thread where id = $1) as threads,
      (select count(*)::int from message where thread_id = $1) as messages,
      (select count(*)::int from agent_run where thread_id = $1) as runs,
      (select count(*)::int from space_thread where thread_id = $1) as links,
      (select count(*)::int from embedding where thread_id = $1) as vectors,
      (select count(*)::int from embedding_failure where thread_id = $1) as failures,
      (select count(*)::int from backfill where thread_id = $1 and status in ('QUEUED', 'RUNNING')) as backfills`,
    [threadId],
  )
  return rows[0]
}

export const NOTHING = {
  threads: 0,
  messages: 0,
  runs: 0,
  links: 0,
  vectors: 0,
  failures: 0,
  backfills: 0,
}

/** An organization's usage, as one of its members sees it. */
export async function usageOf(member: TestClient, organizationId: string) {
  const { viewer } = await member.must('Viewer')
  const nodes: Json[] = viewer.organizations.edges.map(({ node }: Json) => node)
  const { threads, projects, messages } = nodes.find(({ id }) => id === organizationId).usage
  return { threads, projects, messages }
}

/** The ids that a list of threads has for a user, and how many it says there are. */
export async function listed(
  client: TestClient,
  variables: { organizationId?: string; includeDeleted?: boolean } = {},
): Promise<{ ids: string[]; totalCount: number }> {
  const { threads } = await client.must('Threads', { first: 100, ...variables })
  return { ids: threads.edges.map(({ node }: Json) => node.id), totalCount: threads.totalCount }
}

/** The messages that a search in a space finds. */
export async function found(client: TestClient, spaceId: string, query: string): Promise<string[]> {
  const { searchSpace } = await client.must('SearchSpace', { spaceId, query, first: 50 })
  return searchSpace.edges.map(({ node }: Json) => node.id)
}

export async function countsOf(client: TestClient, spaceId: string) {
  const { space } = await client.must('Space', { id: spaceId })
  return {
    threadCount: space.threadCount,
    vectorCount: space.vectorCount,
    listed: space.threads.edges.map(({ node }: Json) => node.id),
  }
}

/** The code of a reply's failure; null when it succeeded. */
export function codeOf({ errors }: Reply): string | null {
  return errors ? errors[0]?.extensions.code : null
}

/** The audit events of a target, the oldest first. */
export async function auditOf(pool: Pool, targetId: string): Promise<Json[]> {
  const { rows } = await pool.query(
    'select * from audit_event where target_id = $1 order by created_at, id',
    [targetId],
  )
  return rows
}

/** As many at once, each with its number. */
export function times<Result>(count: number, work: (index: number) => Promise<Result>): Promise<Result[]> {
  return Promise.all(Array.from({ length: count }, (_, index) => work(index)))
}
