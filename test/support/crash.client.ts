import { randomUUID } from 'node:crypto'
import { setTimeout as after } from 'node:timers/promises'
import type { Pool } from 'pg'
import { expect } from 'vitest'
import { type Json, type Reply, TestClient } from './client.js'
import { documentOf } from './operations.js'
import { tally } from './tally.js'
import { signToken } from './tokens.js'

const AGAIN_MS = 20

export const AUDITED = `query ($organizationId: ID, $action: String, $target: ID) {
  auditEvents(organizationId: $organizationId, action: $action, target: $target, first: 100) {
    edges { node { requestId details } }
  }
}`

/** What became of mutations, by the ids of their requests, as their callers know it. */
export class CrashJournal {
  readonly acknowledged = new Set<string>()
  /** the connection broke: it may have been done or not */
  readonly unanswered = new Set<string>()

  readonly refused = new Set<string>()

  /** One event of each mutation that was acknowledged, none of one that was refused, and at most one of any other. */
  async expectAudited(pool: Pool): Promise<void> {
    // What Heddle did later for a request bears the id of that request too.
    const { rows } = await pool.query(`select request_id as id from audit_event where actor_id <> 'system'`)
    const events = tally(rows.map(({ id }) => id))
    expect([...this.acknowledged].filter((id) => events.get(id) !== 1)).toEqual([])
    expect([...this.refused].filter((id) => events.has(id))).toEqual([])
    expect([...this.unanswered].filter((id) => (events.get(id) ?? 0) > 1)).toEqual([])
  }
}

/** A caller of a server that may be gone: it writes down which of its mutations were acknowledged. */
export class CrashClient extends TestClient {
  constructor(
    url: string,
    userId: string,
    headers: Record<string, string>,
    private readonly journal: CrashJournal,
  ) {
    super(url, userId, headers)
  }

  static async signIn(url: string, userId: string, journal: CrashJournal): Promise<CrashClient> {
    return new CrashClient(
      url,
      userId,
      { authorization: `Bearer ${await signToken({ sub: userId })}` },
      journal,
    )
  }

  /** Also when it is sent again, a mutation bears this id. */
  override with(headers: Record<string, string>): CrashClient {
    return new CrashClient(this.url, this.userId as string, { ...this.headers, ...headers }, this.journal)
  }

  /** Rejects when the connection breaks. */
  override async run(nameOrDocument: string, variables: Record<string, unknown> = {}): Promise<Reply> {
    if (!documentOf(nameOrDocument).startsWith('mutation')) return super.run(nameOrDocument, variables)
    const { acknowledged, refused, unanswered } = this.journal
    const requestId = this.headers['x-request-id'] ?? randomUUID()
    const sender = new TestClient(this.url, this.userId, { ...this.headers, 'x-request-id': requestId })
    try {
      const reply = await sender.run(nameOrDocument, variables)
      const outcome = reply.errors ? refused : acknowledged
      outcome.add(requestId)
      return reply
    } catch (error) {
      unanswered.add(requestId)
      throw error
    }
  }

  /** Sends it again until there is a reply. @returns its data */
  async insist(nameOrDocument: string, variables: Record<string, unknown> = {}): Promise<Json> {
    for (;;) {
      const reply = await this.run(nameOrDocument, variables).catch(() => null)
      if (reply?.errors) throw new Error(`${nameOrDocument} failed: ${JSON.stringify(reply.errors)}`)
      if (reply) return reply.data
      await after(AGAIN_MS)
    }
  }
}
