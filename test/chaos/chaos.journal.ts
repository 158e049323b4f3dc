import type { Pool } from 'pg'
import { expect } from 'vitest'
import { tally } from '../support/tally.js'

/** What became of every mutation, by the id of its request, as its caller knows it. */
export class ChaosJournal {
  readonly acknowledged = new Set<string>()
  /** refused at the first try */
  readonly refused = new Set<string>()
  /** refused after a try that was not answered, and that may still be done later */
  readonly unsure = new Set<string>()
  /** tries that were made again, by why: a code, or a lost connection */
  readonly retried = new Map<string, number>()
  /** what no caller has an explanation for */
  readonly faults: string[] = []

  retry(why: string): void {
    this.retried.set(why, (this.retried.get(why) ?? 0) + 1)
  }

  /** One event of each mutation that was acknowledged, none of one that was refused, and at most one of any other. */
  async expectAudited(pool: Pool): Promise<void> {
    // What Heddle did later for a request bears the id of that request too.
    const { rows } = await pool.query(`select request_id as id from audit_event where actor_id <> 'system'`)
    const events = tally(rows.map(({ id }) => id))
    const miscounted = [...this.acknowledged].filter((id) => events.get(id) !== 1)
    expect(miscounted, 'acknowledged, and without exactly one event').toEqual([])
    expect(
      [...this.refused].filter((id) => events.has(id)),
      'refused, and with an event',
    ).toEqual([])
    const twice = [...this.unsure].filter((id) => (events.get(id) ?? 0) > 1)
    expect(twice, 'done twice').toEqual([])
  }
}
