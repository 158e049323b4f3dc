import type { Pool } from 'pg'
import { expect } from 'vitest'
import { eventually } from './eventually.js'
import { expectInvariants } from './invariants.js'

/** Knows when workers have nothing left to do. */

const UNDER_WAY = `
  select l.store_id || ' ' || l.thread_id as what from store_thread l join thread t on t.id = l.thread_id
  where t.deleted_at is null and l.paused_at is null
    and (l.next_attempt_at is not null or l.lease_id is not null
      or exists (select 1 from message m where m.thread_id = t.id and m.sequence > l.embedded_through)
      or exists (select 1 from pending_embedding p where p.store_id = l.store_id and p.thread_id = t.id))
  union all
  select id from backfill where status in ('QUEUED', 'RUNNING')
  union all
  select id from reembedding where status = 'RUNNING'
  union all
  select id from embedding_store where state = 'RETIRED'
  union all
  select thread_id from vector_removal`

export async function waitForRest(pool: Pool): Promise<void> {
  await eventually(async () => expect((await pool.query(UNDER_WAY)).rows).toEqual([]))
}

/** Every rule of the data holds once nothing is under way. */
export async function expectSoundRest(pool: Pool): Promise<void> {
  await waitForRest(pool)
  await expectInvariants(pool)
}
