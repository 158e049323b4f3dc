import type { Pool } from 'pg'
import { expect } from 'vitest'
import { eventually } from './eventually.js'
import { expectInvariants } from './invariants.js'

/** Knows when workers have nothing left to do. */

const UNDER_WAY = `
  select l.space_id || ' ' || l.thread_id as what from space_thread l join thread t on t.id = l.thread_id
  where t.deleted_at is null and l.paused_at is null
    and (l.next_attempt_at is not null or l.lease_id is not null
      or exists (select 1 from message m where m.thread_id = t.id and m.sequence > l.embedded_through)
      or exists (select 1 from pending_embedding p where p.space_id = l.space_id and p.thread_id = t.id))
  union all
  select id from backfill where status in ('QUEUED', 'RUNNING')
  union all
  select id from reembedding where status = 'RUNNING'
  union all
  select id from space where shadow_of is not null and deleted_at is not null`

export async function waitForRest(pool: Pool): Promise<void> {
  await eventually(async () => expect((await pool.query(UNDER_WAY)).rows).toEqual([]))
}

/** Every rule of the data holds once nothing is under way. */
export async function expectSoundRest(pool: Pool): Promise<void> {
  await waitForRest(pool)
  await expectInvariants(pool)
}
