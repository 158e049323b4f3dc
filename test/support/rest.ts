import type { Pool } from 'pg'
import { expect } from 'vitest'
import { eventually } from './eventually.js'
import { expectInvariants } from './invariants.js'

/** Knows when workers have nothing left to do. */

const UNDER_WAY = `
  select l.space_id || ' ' || l.thread_id as what from space_thread l join thread t on t.id = l.thread_id
  where t.deleted_at is null and l.paused_at is null
    and (l.next_attempt_at is not null or l.lease_id is not null or l.embedded_through < t.last_sequence)
  union all
  select id from backfill where status in ('QUEUED', 'RUNNING')`

export async function waitForRest(pool: Pool): Promise<void> {
  await eventually(async () => expect((await pool.query(UNDER_WAY)).rows).toEqual([]))
}

/** Every rule of the data holds once nothing is under way. */
export async function expectSoundRest(pool: Pool): Promise<void> {
  await waitForRest(pool)
  await expectInvariants(pool)
}
