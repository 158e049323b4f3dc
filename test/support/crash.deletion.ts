import { randomUUID } from 'node:crypto'
import type { Pool } from 'pg'
import { expect } from 'vitest'
import { NOTHING, rowsOf } from '../features/deletion/deletion.fixture.js'
import { DELETE_ALL, PREVIEW_ALL, PROGRESS } from '../features/purge/purge.fixture.js'
import type { Json } from './client.js'
import { AUDITED, type CrashClient } from './crash.client.js'
import { PatientWatcher } from './patient.watcher.js'
import type { Seeded } from './seed.js'

/** SOFT and PERMANENT: one thread. ALL: the caller's threads in an organization, for good. */
export type Way = 'SOFT' | 'PERMANENT' | 'ALL'

/** A thread, and the space into which it goes just before its deletion. */
export interface DoomedThread {
  id: string
  messages: number
  space: Seeded | null
}

const MAX_MESSAGES_AT_ONCE = 10_000

/** One deletion that is asked for once, and what became of it. */
export class CrashDeletion {
  /** null: it was not answered */
  receipt: Json | null = null
  watcher: PatientWatcher | null = null
  isDone = false
  readonly #requestId = randomUUID()
  #confirmationToken: string | null = null

  constructor(
    readonly way: Way,
    readonly owner: CrashClient,
    readonly organizationId: string,
    readonly threads: readonly DoomedThread[],
  ) {}

  /** Its rows go after its reply. */
  get isLong(): boolean {
    return this.way === 'ALL' || (this.way === 'PERMANENT' && this.#messages > MAX_MESSAGES_AT_ONCE)
  }

  /** Its threads go into their spaces, so that backfills are at work. Rejects when the server is gone, as `request` does. */
  async prepare(): Promise<void> {
    for (const { id: threadId, space } of this.threads) {
      if (space) await this.owner.must('AddThreadToSpace', { spaceId: space.id, threadId })
    }
    if (this.way !== 'ALL') return
    const { threadsDeletionPreview } = await this.owner.must(PREVIEW_ALL, {
      organizationId: this.organizationId,
    })
    this.#confirmationToken = threadsDeletionPreview.confirmationToken
  }

  async request(): Promise<void> {
    const client = this.owner.with({ 'x-request-id': this.#requestId })
    const { way: mode, organizationId } = this
    const [thread] = this.threads
    const { deleteThread, deleteAllThreads } =
      mode === 'ALL'
        ? await client.must(DELETE_ALL, {
            organizationId,
            mode: 'PERMANENT',
            confirmationToken: this.#confirmationToken,
          })
        : await client.must('DeleteThread', { threadId: thread?.id, mode })
    this.isDone = true
    this.receipt = deleteThread ?? deleteAllThreads
    this.#watch(mode === 'ALL' ? { batchId: this.receipt.batchId } : { threadId: thread?.id })
  }

  /** Of one that was not answered the audit trail tells whether it was done. Then waits until nothing is left to do. */
  async settle(): Promise<void> {
    if (!this.isDone) {
      const target = this.way === 'ALL' ? this.owner.userId : this.threads[0]?.id
      const variables = { organizationId: this.organizationId, target }
      const { auditEvents } = await this.owner.must(AUDITED, variables)
      const events = auditEvents.edges.map(({ node }: Json) => node)
      const event = events.find(({ requestId }: Json) => requestId === this.#requestId)
      this.isDone = event !== undefined
      if (event) this.#watch({ batchId: event.details.batchId })
    }
    await this.watcher?.done
  }

  /** All of it, or nothing of it. */
  async expectWhole(pool: Pool): Promise<void> {
    const { rows: batches } = await pool.query(
      `select id, state::text, count, message_count::int as messages, purged_threads as purged
       from deletion_batch where request_id = $1`,
      [this.#requestId],
    )
    const { rows: events } = await pool.query(
      `select action from audit_event where request_id = $1 and actor_id = 'system'`,
      [this.#requestId],
    )
    const whole = { count: this.threads.length, messages: this.#messages }
    const state = this.way === 'SOFT' ? 'RESTORABLE' : 'PURGED'
    const purged = this.way === 'SOFT' ? 0 : this.threads.length
    expect(batches).toMatchObject(this.isDone ? [{ ...whole, state, purged }] : [])
    expect(events).toEqual(this.isDone && this.isLong ? [{ action: 'deletion.purged' }] : [])
    for (const thread of this.threads) await this.#expectThread(pool, thread, batches[0]?.id ?? null)
    if (this.receipt) this.#expectReceipt()
  }

  /** What its watcher was told: it rises, over all connections, and each connection is told at most one end. */
  expectWatched(): void {
    if (!this.watcher) return
    const { states } = this.watcher
    for (const [index, state] of states.entries()) {
      const before = states[index - 1]
      if (!before) continue
      const isSame = before.connection === state.connection
      if (isSame) expect(state.sequence).toBeGreaterThan(before.sequence)
      expect(state.sequence).toBeGreaterThanOrEqual(before.sequence)
      expect(state.deletedMessages).toBeGreaterThanOrEqual(before.deletedMessages)
    }
    // A connection that broke between the end and its completion is told the end by the next one.
    const ends = states.filter(({ status }) => status === 'COMPLETED')
    expect(new Set(ends.map(({ connection }) => connection)).size).toBe(ends.length)
    expect(new Set(ends.map(({ sequence }) => sequence)).size).toBe(1)
    expect(states.at(-1)).toMatchObject({ status: 'COMPLETED', totalThreads: this.threads.length })
  }

  get #messages(): number {
    return this.threads.reduce((sum, { messages }) => sum + messages, 0)
  }

  #watch(variables: Record<string, unknown>): void {
    this.watcher = new PatientWatcher(this.owner.url, this.owner.headers, PROGRESS, variables)
  }

  async #expectThread(pool: Pool, { id, messages, space }: DoomedThread, batchId: string | null) {
    const rows = await rowsOf(pool, id)
    if (this.isDone && this.way !== 'SOFT') {
      expect(rows).toEqual(NOTHING)
      return
    }
    const links = space ? 1 : 0
    expect(rows).toMatchObject({ threads: 1, messages, links, backfills: 0 })
    if (!this.isDone) expect(rows).toMatchObject({ vectors: links * messages })
    const { rows: threads } = await pool.query(
      'select deletion_batch_id as "batchId", deleted_at is not null as "isHidden" from thread where id = $1',
      [id],
    )
    expect(threads).toEqual([{ batchId, isHidden: this.isDone }])
  }

  #expectReceipt(): void {
    if (this.way === 'ALL') expect(this.receipt).toMatchObject({ deleted: this.threads.length })
    else expect(this.receipt).toMatchObject({ deletedMessageCount: this.#messages })
  }
}
