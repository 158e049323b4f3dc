import type { Pool } from 'pg'
import { mintId } from '../../../src/platform/ids.js'

interface ParkedEffect {
  organizationId: string | null
  kind?: string
  sandboxId?: string
  /** ISO 8601 */
  parkedAt?: string | null
}

/** An effect as the outbox leaves it after its last try. @returns its id */
export async function parkEffect(
  pool: Pool,
  { organizationId, kind = 'sandbox.delete', sandboxId = 'sbx-1', parkedAt }: ParkedEffect,
): Promise<string> {
  const id = mintId('obx')
  const payload = { sandboxId, projectId: 'proj_1' }
  await pool.query(
    `insert into outbox (id, kind, payload, organization_id, attempts, next_attempt_at, parked_at, last_error,
      request_id, trace_id, correlation_id)
    values ($1, $2, $3, $4, 8, now() + interval '1 hour', coalesce($5::timestamptz, now()),
      'The sandbox service answered with 500.', 'req-1', 'trace-1', 'order-1')`,
    [id, kind, JSON.stringify(payload), organizationId, parkedAt ?? null],
  )
  return id
}
