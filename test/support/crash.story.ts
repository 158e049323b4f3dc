import { randomUUID } from 'node:crypto'
import type { Pool } from 'pg'
import { expect } from 'vitest'
import type { Json } from './client.js'
import type { CrashClient } from './crash.client.js'
import type { Seed, SeededSpace } from './seed.js'

const CREATE = `mutation ($organizationId: ID!, $key: String) {
  createThread(input: { organizationId: $organizationId }, idempotencyKey: $key) { thread { id createdAt } }
}`

const APPEND = `mutation ($threadId: ID!, $messages: [MessageInput!]!, $key: String) {
  appendMessages(threadId: $threadId, messages: $messages, idempotencyKey: $key) { messages { id content } }
}`

const ADD = `mutation ($spaceId: ID!, $threadId: ID!, $key: String) {
  addThreadToSpace(spaceId: $spaceId, threadId: $threadId, idempotencyKey: $key) { addedAt backfill { id } }
}`

const DELETE = `mutation ($threadId: ID!, $key: String) {
  deleteThread(threadId: $threadId, mode: SOFT, idempotencyKey: $key) { auditLogId deletedMessageCount timestamp }
}`

const DELETE_ALL = `mutation ($organizationId: ID, $key: String) {
  deleteAllThreads(organizationId: $organizationId, idempotencyKey: $key) { deleted batchId auditLogId }
}`

interface Step {
  document: string
  variables: Record<string, unknown>
  headers: Record<string, string>
  reply: Json
}

/** Mutations of one caller, one after the other, each with a key and repeated until it has a reply. */
export class KeyedStory {
  readonly #steps: Step[] = []

  private constructor(
    private readonly owner: CrashClient,
    private readonly space: SeededSpace,
    private readonly number: number,
  ) {}

  static async make(seed: Seed, owner: CrashClient, number: number): Promise<KeyedStory> {
    const organization = await seed.organization(owner)
    return new KeyedStory(owner, await seed.space(organization), number)
  }

  async tell(): Promise<void> {
    const { organizationId, id: spaceId } = this.space
    const [{ createThread: first }] = [await this.#take(CREATE, { organizationId })]
    const threadId = first.thread.id
    await this.#take(APPEND, { threadId, messages: this.#messages })
    await this.#take(ADD, { spaceId, threadId })
    await this.#take(DELETE, { threadId })
    await this.#take(CREATE, { organizationId })
    await this.#take(DELETE_ALL, { organizationId })
  }

  /** Sent once more, each gets the reply that it got, but for those that tell of a thread, which is deleted by now. */
  async expectRepeated(): Promise<void> {
    for (const { document, variables, headers, reply } of this.#steps) {
      if (document === DELETE || document === DELETE_ALL) {
        expect(await this.owner.with(headers).must(document, variables)).toEqual(reply)
        continue
      }
      // The first call has an audit event under its own id; a refusal has none.
      const refused = this.owner.with({ ...headers, 'x-request-id': randomUUID() })
      expect(await refused.run(document, variables)).toFailWith({
        code: 'RESOURCE_NOT_FOUND',
        systemMessage: 'Thread not found',
      })
    }
  }

  /** Two threads with two messages in one of them, and one deletion of each thread. */
  async expectDoneOnce(pool: Pool): Promise<void> {
    const { organizationId, id: spaceId } = this.space
    const { rows: threads } = await pool.query(
      'select id, message_count as count, deleted_at from thread where organization_id = $1 order by created_at, id',
      [organizationId],
    )
    expect(threads).toMatchObject([{ count: 2 }, { count: 0 }])
    expect(threads.filter(({ deleted_at }) => deleted_at === null)).toEqual([])
    const ids = threads.map(({ id }) => id)
    const { rows: messages } = await pool.query(
      'select content from message where thread_id = any($1) order by sequence',
      [ids],
    )
    expect(messages).toEqual(this.#messages.map(({ content }) => ({ content })))
    const { rows: deletions } = await pool.query(
      'select count from deletion_batch where organization_id = $1 order by created_at, id',
      [organizationId],
    )
    expect(deletions).toEqual([{ count: 1 }, { count: 1 }])
    const { rows: backfills } = await pool.query('select id from backfill where space_id = $1', [spaceId])
    expect(backfills).toHaveLength(1)
  }

  get #messages() {
    return ['first', 'second'].map((word) => ({ role: 'USER', content: `${word} of story ${this.number}` }))
  }

  async #take(document: string, variables: Record<string, unknown>): Promise<Json> {
    const key = `step-${this.#steps.length}`
    // The two ways to send a key, in turn.
    const isHeader = (this.number + this.#steps.length) % 2 === 0
    const headers = { 'x-request-id': randomUUID(), ...(isHeader && { 'idempotency-key': key }) }
    const keyed = isHeader ? variables : { ...variables, key }
    const reply = await this.owner.with(headers).insist(document, keyed)
    this.#steps.push({ document, variables: keyed, headers, reply })
    return reply
  }
}
