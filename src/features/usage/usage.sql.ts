import { sql } from '../../platform/database.js'

export interface UsageRecord {
  organizationId: string
  threads: number
  projects: number
  messages: bigint
  threadLimit: number | null
  projectLimit: number | null
}

/** What a change adds to an organization's counts; negative when it takes away. */
export interface UsageChange {
  threads?: number
  projects?: number
  messages?: number
}

export const insertUsage = (organizationId: string) => sql<{ organizationId: string }>`
  insert into usage (organization_id) values (${organizationId}) returning organization_id as "organizationId"`

/** Locks the row until the transaction ends: a limit that is read here holds until then. */
export const changeUsage = (organizationId: string, change: UsageChange) => sql<UsageRecord>`
  update usage set
    threads = threads + ${change.threads ?? 0}::int,
    projects = projects + ${change.projects ?? 0}::int,
    messages = messages + ${change.messages ?? 0}::bigint
  where organization_id = ${organizationId}
  returning organization_id as "organizationId", threads, projects, messages,
    thread_limit as "threadLimit", project_limit as "projectLimit"`

export const selectUsage = (organizationIds: readonly string[]) => sql<UsageRecord>`
  select organization_id as "organizationId", threads, projects, messages,
    thread_limit as "threadLimit", project_limit as "projectLimit"
  from usage where organization_id = any(${organizationIds}::text[])`
