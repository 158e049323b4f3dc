import fc from 'fast-check'
import { expect } from 'vitest'
import type { Json, Reply, TestClient } from '../../support/client.js'
import type { Seed, Seeded } from '../../support/seed.js'
import { codeOf } from './deletion.fixture.js'

/** A few users, projects, spaces and threads, and what users do to them in an order that nobody planned. */

const KINDS = [
  ...['create', 'append', 'append', 'run', 'hide', 'hide', 'delete', 'delete', 'restore', 'restore'],
  ...['deleteAll', 'restoreAll', 'add', 'add', 'add', 'remove', 'cancel', 'retry', 'deleteSpace'],
] as const

type Kind = (typeof KINDS)[number]

/** One thing that one user does; the numbers choose among what is there. */
export interface Step {
  kind: Kind
  user: number
  thread: number
  other: number
}

/** Steps one after the other; those of an inner list at once. */
export const steps: fc.Arbitrary<Step[][]> = fc.array(
  fc.array(
    fc.record({
      kind: fc.constantFrom(...KINDS),
      ...{ user: fc.nat(), thread: fc.nat(), other: fc.nat() },
    }),
    { minLength: 1, maxLength: 5 },
  ),
  { minLength: 4, maxLength: 8 },
)

// What a user may run into because another was faster.
const EXPECTED: readonly (string | null)[] = [null, 'RESOURCE_NOT_FOUND', 'CONFLICT']

export class World {
  readonly batchIds: (string | null)[] = []
  readonly backfillIds: string[] = []
  readonly receipts: Json[] = []
  appended = 0

  private constructor(
    readonly organization: Seeded,
    readonly users: readonly TestClient[],
    readonly projects: readonly Seeded[],
    readonly spaces: readonly Seeded[],
    readonly threadIds: string[],
  ) {}

  static async make(seed: Seed): Promise<World> {
    const organization = await seed.organization()
    const members = [await seed.member(organization), await seed.member(organization)]
    const projects = [await seed.project(organization), await seed.project(organization)]
    const spaces = [await seed.space(organization), await seed.space(organization)]
    for (const space of spaces) {
      for (const { userId } of members) {
        await space.owner.must('GrantSpaceAccess', { spaceId: space.id, userId, role: 'EDITOR' })
      }
    }
    const world = new World(organization, [organization.owner, ...members], projects, spaces, [])
    for (let user = 0; user < 4; user++) await world.#create({ kind: 'create', user, thread: 0, other: user })
    return world
  }

  /** Does it, and asserts that it succeeded or found that another was faster. */
  async take(step: Step): Promise<void> {
    const reply = await this.#act(step)
    expect(EXPECTED, JSON.stringify(reply?.errors)).toContain(reply ? codeOf(reply) : null)
  }

  #act(step: Step): Promise<Reply | null> {
    const user = pick(this.users, step.user)
    const variables = {
      threadId: pick(this.threadIds, step.thread),
      spaceId: pick(this.spaces, step.other).id,
    }
    switch (step.kind) {
      case 'create':
        return this.#create(step)
      case 'append':
        return this.#append(user, variables.threadId, 1 + (step.other % 3))
      case 'run':
        return user.run('StartAgentRun', variables)
      case 'hide':
        return this.#delete(user, variables.threadId, 'SOFT')
      case 'delete':
        return this.#delete(user, variables.threadId, 'PERMANENT')
      case 'restore':
        return user.run('RestoreThread', variables)
      case 'deleteAll':
        return this.#deleteAll(user)
      case 'restoreAll':
        return this.#withLast(this.batchIds, step, (batchId) => user.run('RestoreThreads', { batchId }))
      case 'add':
        return this.#add(user, variables)
      case 'remove':
        return user.run('RemoveThreadFromSpace', variables)
      case 'cancel':
        return this.#withLast(this.backfillIds, step, (backfillId) =>
          user.run('CancelBackfill', { backfillId }),
        )
      case 'retry':
        return this.#withLast(this.backfillIds, step, (backfillId) =>
          user.run('RetryBackfill', { backfillId }),
        )
      case 'deleteSpace':
        // Seldom: what happens in spaces needs spaces.
        return step.thread % 4
          ? this.#add(user, variables)
          : this.organization.owner.run('DeleteSpace', variables)
    }
  }

  async #create({ user, other }: Step): Promise<Reply> {
    const projectId = [...this.projects.map(({ id }) => id), null][other % (this.projects.length + 1)]
    const client = pick(this.users, user)
    const input = { organizationId: this.organization.id, projectId }
    const reply = await client.run('CreateThread', { input })
    if (codeOf(reply) === null) {
      const { id } = reply.data.createThread.thread
      this.threadIds.push(id)
      await this.#append(client, id, 2)
    }
    return reply
  }

  async #append(user: TestClient, threadId: string, count: number): Promise<Reply> {
    const messages = Array.from({ length: count }, (_, index) => ({ role: 'USER', content: `wool ${index}` }))
    const reply = await user.run('AppendMessages', { threadId, messages })
    if (codeOf(reply) === null) this.appended += count
    return reply
  }

  async #delete(user: TestClient, threadId: string, mode: string): Promise<Reply> {
    const reply = await user.run('DeleteThread', { threadId, mode })
    if (codeOf(reply) === null) this.receipts.push(reply.data.deleteThread)
    return reply
  }

  async #deleteAll(user: TestClient): Promise<Reply> {
    const reply = await user.run('DeleteAllThreads')
    if (codeOf(reply) === null) this.batchIds.push(reply.data.deleteAllThreads.batchId)
    return reply
  }

  async #add(user: TestClient, variables: Record<string, unknown>): Promise<Reply> {
    const reply = await user.run('AddThreadToSpace', variables)
    if (codeOf(reply) === null) this.backfillIds.push(reply.data.addThreadToSpace.backfill.id)
    return reply
  }

  #withLast(
    ids: readonly (string | null)[],
    { other }: Step,
    act: (id: string) => Promise<Reply>,
  ): Promise<Reply | null> {
    const id = ids.length > 0 ? pick(ids, other) : null
    return id === null ? Promise.resolve(null) : act(id)
  }
}

function pick<Item>(items: readonly Item[], index: number): Item {
  return items[index % items.length] as Item
}
