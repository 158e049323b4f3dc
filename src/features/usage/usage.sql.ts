import { type Statement, sql } from '../../platform/database.js'

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

export const insertUsage = (organizationId: string): Statement =>
  sql`insert into usage (organization_id) values (${organizationId}) returning organization_id`

/** Locks the row until the transaction ends: a limit that is read here holds until then. */
export const changeUsage = (organizationId: string, change: UsageChange): Statement => sql`
  update usage set
    threads = threads + ${change.threads ?? 0}::int,
    projects = projects + ${change.projects ?? 0}::int,
    messages = messages + ${change.messages ?? 0}::int
  where organization_id = ${organizationId}
  returning organization_id as "organizationId", threads, projects, messages,
    thread_limit as "threadLimit", project_limit as "projectLimit"`

/** Only of organizations that the viewer is a member of. */
export const selectUsage = (organizationIds: readonly string[], viewerId: string): Statement => sql`
  select u.organization_id as "organizationId", u.threads, u.projects, u.messages,
    u.thread_limit as "threadLimit", u.project_limit as "projectLimit"
  from usage u join member m on m.organization_id = u.organization_id and m.user_id = ${viewerId}
  where u.organization_id = any(${organizationIds}::text[])`
