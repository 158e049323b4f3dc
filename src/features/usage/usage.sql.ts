import type { UsageModel } from '../../generated/prisma/models/Usage.js'
import { columnsOf } from '../../platform/database/columns.js'
import { sql } from '../../platform/database/database.js'

export type UsageRecord = UsageModel

const columns = columnsOf('u', {
  organizationId: true,
  threads: true,
  projects: true,
  messages: true,
  threadLimit: true,
  projectLimit: true,
} satisfies Record<keyof UsageModel, true>)

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
  update usage u set
    threads = u.threads + ${change.threads ?? 0}::int,
    projects = u.projects + ${change.projects ?? 0}::int,
    messages = u.messages + ${change.messages ?? 0}::bigint
  where u.organization_id = ${organizationId}
  returning ${columns}`

export const selectUsage = (organizationIds: readonly string[]) => sql<UsageRecord>`
  select ${columns} from usage u where u.organization_id = any(${organizationIds}::text[])`
