import type { Cache } from '../../platform/cache.js'
import type { Database, Transaction } from '../../platform/database/database.js'
import { HeddleError } from '../../platform/errors.js'
import { LoaderDefinition } from '../../platform/graphql/loader.js'
import { changeUsage, insertUsage, selectUsage, type UsageChange, type UsageRecord } from './usage.sql.js'
import type { Usage } from './usage.type.js'

export interface UsageLimits {
  /** live threads per organization, unless its own row sets another limit */
  threads: number
  /** live projects, likewise */
  projects: number
}

/**
 * Counts an organization's threads, projects and messages in the transaction that changes them, so that counts cannot drift
 * and concurrent changes cannot exceed a limit. The usage row is the last one that a transaction locks.
 */
export class UsageMeter {
  /** Limits and counts of organizations; a few seconds old if the cache missed an invalidation. */
  readonly byOrganization: LoaderDefinition<string, Usage>

  constructor(
    db: Database,
    private readonly cache: Cache,
    private readonly limits: UsageLimits,
  ) {
    this.byOrganization = new LoaderDefinition((ids) => this.#read(db, ids))
  }

  async open(tx: Transaction, organizationId: string): Promise<void> {
    await tx.query(insertUsage(organizationId))
  }

  /** Throws QUOTA_EXCEEDED, which rolls the transaction back, if an increase exceeds the limit. */
  async change(tx: Transaction, organizationId: string, change: UsageChange): Promise<void> {
    const [row] = await tx.query(changeUsage(organizationId, change))
    if (!row) throw new Error(`Organization ${organizationId} has no usage row`)
    // Also before the commit: a client that receives the reply may ask before the second invalidation arrives.
    this.cache.forget(cacheKey(organizationId))
    tx.afterCommit(() => this.cache.forget(cacheKey(organizationId)))
    const usage = this.#describe(row)
    this.#requireRoom('thread', organizationId, change.threads, usage.threads, usage.threadLimit)
    this.#requireRoom('project', organizationId, change.projects, usage.projects, usage.projectLimit)
  }

  /** The same for several organizations, in the order in which their rows are locked. */
  async changeEach(tx: Transaction, changes: ReadonlyMap<string, UsageChange>): Promise<void> {
    for (const organizationId of [...changes.keys()].toSorted((a, b) => (a < b ? -1 : 1))) {
      await this.change(tx, organizationId, changes.get(organizationId) ?? {})
    }
  }

  async #read(db: Database, ids: readonly string[]): Promise<Map<string, Usage>> {
    const kept = await this.cache.read(ids.map(cacheKey))
    const usages = new Map<string, Usage>()
    for (const id of ids) {
      const value = kept.get(cacheKey(id))
      if (value !== undefined) usages.set(id, JSON.parse(value))
    }
    const missing = ids.filter((id) => !usages.has(id))
    if (missing.length === 0) return usages
    for (const row of await db.query(selectUsage(missing))) {
      const usage = this.#describe(row)
      this.cache.keep(cacheKey(row.organizationId), JSON.stringify(usage))
      usages.set(row.organizationId, usage)
    }
    return usages
  }

  #describe(usage: UsageRecord): Usage {
    const { threads, projects, messages } = usage
    return {
      threads,
      projects,
      messages: Number(messages),
      threadLimit: usage.threadLimit ?? this.limits.threads,
      projectLimit: usage.projectLimit ?? this.limits.projects,
    }
  }

  #requireRoom(
    what: string,
    organizationId: string,
    added: number | undefined,
    count: number,
    limit: number,
  ): void {
    if ((added ?? 0) <= 0 || count <= limit) return
    throw new HeddleError(
      'QUOTA_EXCEEDED',
      `The organization has reached its limit of ${limit.toLocaleString('en')} live ${what}s.`,
      {
        systemMessage: `${what === 'thread' ? 'Thread' : 'Project'} limit reached`,
        details: { organizationId, limit },
      },
    )
  }
}

function cacheKey(organizationId: string): string {
  return `usage:${organizationId}`
}
