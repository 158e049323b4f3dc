import { sql } from '../../platform/database/database.js'

/** True for one transaction at a time, across all nodes. */
export const tryRetention = () => sql<{ isMine: boolean }>`
  select pg_try_advisory_xact_lock(hashtextextended('retention of audit events', 0)) as "isMine"`

/** Allows this transaction, and no other, to delete events older than the day on which the retention starts. */
export const openRetention = (days: number) => sql<{ before: string }>`
  select set_config('heddle.audit_retention_before',
    (date_trunc('day', now() at time zone 'UTC' - make_interval(days => ${days}::int)) at time zone 'UTC')::text, true) as before`

/** Oldest days first, in index order, and by physical location: events that are kept are not read. */
export const deleteExpiredEvents = (limit: number) => sql<{ id: string }>`
  delete from audit_event where ctid = any(array(
    select ctid from audit_event
    where (created_at at time zone 'UTC')::date
      < (current_setting('heddle.audit_retention_before')::timestamptz at time zone 'UTC')::date
    order by (created_at at time zone 'UTC')::date limit ${limit}::int))
  returning id`
