import { expect } from 'vitest'
import type { TestApp } from '../../support/app.js'
import type { TestClient } from '../../support/client.js'
import { eventually } from '../../support/eventually.js'

export const PROGRESS = `subscription ($batchId: ID, $threadId: ID) {
  deletionProgress(batchId: $batchId, threadId: $threadId) {
    sequence batchId threadId status totalThreads deletedThreads totalMessages deletedMessages percent lastError updatedAt
  }
}`

export const PREVIEW_ALL = `query ($organizationId: ID) {
  threadsDeletionPreview(organizationId: $organizationId) {
    threadCount messageCount vectorCount projectCount sandboxCount confirmationToken expiresAt
  }
}`

export const DELETE_ALL = `mutation ($organizationId: ID, $mode: DeletionMode, $confirmationToken: String) {
  deleteAllThreads(organizationId: $organizationId, mode: $mode, confirmationToken: $confirmationToken) {
    status deleted message batchId restoreUntil
  }
}`

/** Watches a deletion to its end. @returns every progress that was told */
export async function watchDeletion(client: TestClient, variables: { batchId?: string; threadId?: string }) {
  const subscription = client.subscribe(PROGRESS, variables)
  try {
    const replies = await subscription.rest()
    return replies.map(({ data, errors }) => {
      if (errors) throw new Error(`The deletion cannot be watched: ${JSON.stringify(errors)}`)
      return data.deletionProgress
    })
  } finally {
    await subscription.stop()
  }
}

export async function rowsOf({ pool }: TestApp, table: string, threadId: string): Promise<number> {
  const column = table === 'thread' ? 'id' : 'thread_id'
  const { rows } = await pool.query(`select count(*)::int as count from ${table} where ${column} = $1`, [
    threadId,
  ])
  return rows[0].count
}

/** As if the retention of a soft deletion were over. */
export async function endRetention({ pool }: TestApp): Promise<void> {
  await pool.query(
    `update deletion_batch set purge_after = now() - interval '1 second' where state = 'RESTORABLE'`,
  )
}

/**
 * The same of the one that took a thread. It is locked as a restoration locks it, so that none comes between.
 *
 * @returns whether there was one
 */
export async function endRetentionOf({ pool }: TestApp, threadId: string): Promise<boolean> {
  const client = await pool.connect()
  try {
    await client.query('begin')
    await client.query(
      'select b.id from deletion_batch b join thread t on t.deletion_batch_id = b.id where t.id = $1 for update of b',
      [threadId],
    )
    const { rowCount } = await client.query(
      `update deletion_batch b set purge_after = now() - interval '1 minute' from thread t
      where t.id = $1 and b.id = t.deletion_batch_id and b.state = 'RESTORABLE'`,
      [threadId],
    )
    return rowCount === 1
  } finally {
    await client.query('commit')
    client.release()
  }
}

export async function expectPurged(app: TestApp, threadId: string): Promise<void> {
  await eventually(async () => expect(await rowsOf(app, 'thread', threadId)).toBe(0))
  for (const table of [
    'message',
    'agent_run',
    'space_thread',
    'store_thread',
    'embedding',
    'embedding_failure',
  ]) {
    expect([table, await rowsOf(app, table, threadId)]).toEqual([table, 0])
  }
}
