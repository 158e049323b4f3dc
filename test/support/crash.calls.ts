import type { Json, TestClient } from './client.js'
import type { Seed, Seeded } from './seed.js'

/** A mutation that is called with an idempotency key, and what shows how often it was done. */
export interface KeyedCall {
  owner: TestClient
  organizationId: string
  /** of its event, of which its organization has no other */
  action: string
  /** the mutation's field, with these arguments and with others */
  field(key?: string): string
  otherField(key?: string): string
  /** what there is once it has been done once */
  expected: Json
  effect(): Promise<Json>
}

type Prepare = (seed: Seed, owner: TestClient) => Promise<KeyedCall>

/** Mutations by the names of their fields, each in an organization of its own. */
export const KEYED_CALLS: Readonly<Record<string, Prepare>> = {
  createThread: async (seed, owner) => {
    const organization = await seed.organization(owner)
    const create = (title: string) =>
      fieldOf(
        'createThread',
        `input: { organizationId: "${organization.id}", title: "${title}" }`,
        'thread { id title messageCount createdAt owner { id } }',
      )
    return {
      ...about(organization, 'thread.created'),
      field: create('once'),
      otherField: create('other'),
      expected: [{ title: 'once', messageCount: 0 }],
      effect: () => threadsOf(organization),
    }
  },

  appendMessages: async (seed, owner) => {
    const organization = await seed.organization(owner)
    const thread = await seed.thread({ organization })
    const append = (content: string) =>
      fieldOf(
        'appendMessages',
        `threadId: "${thread.id}", messages: [{ role: USER, content: "${content}" }, { role: USER, content: "then" }]`,
        'messages { id content sequence createdAt } thread { id messageCount lastMessageAt }',
      )
    return {
      ...about(organization, 'thread.messages-appended'),
      field: append('once'),
      otherField: append('other'),
      expected: [{ title: 'Plans', messageCount: 2 }],
      effect: () => threadsOf(organization),
    }
  },

  deleteThread: async (seed, owner) => {
    const organization = await seed.organization(owner)
    const [thread, other] = [
      await seed.thread({ organization, messages: 3 }),
      await seed.thread({ organization }),
    ]
    const remove = ({ id }: Seeded) =>
      fieldOf(
        'deleteThread',
        `threadId: "${id}"`,
        'threadId status deletedMessageCount deletedAt auditLogId requestId traceId operationDurationMs timestamp',
      )
    return {
      ...about(organization, 'thread.deleted'),
      field: remove(thread),
      otherField: remove(other),
      expected: [{ title: 'Plans', messageCount: 0 }],
      effect: () => threadsOf(organization),
    }
  },

  deleteAllThreads: async (seed, owner) => {
    const [organization, other] = [await seed.organization(owner), await seed.organization(owner)]
    for (let count = 0; count < 3; count++) await seed.thread({ organization, messages: 1 })
    const removeAll = ({ id }: Seeded) =>
      fieldOf(
        'deleteAllThreads',
        `organizationId: "${id}"`,
        'deleted message batchId restoreUntil auditLogId',
      )
    return {
      ...about(organization, 'user.threads-deleted'),
      field: removeAll(organization),
      otherField: removeAll(other),
      expected: [],
      effect: () => threadsOf(organization),
    }
  },

  addThreadToSpace: async (seed, owner) => {
    const organization = await seed.organization(owner)
    const [space, other] = [await seed.space(organization), await seed.space(organization)]
    const thread = await seed.thread({ organization, messages: 3 })
    const add = ({ id }: Seeded) =>
      fieldOf(
        'addThreadToSpace',
        `spaceId: "${id}", threadId: "${thread.id}"`,
        'success spaceId threadId addedAt backfill { id status total processed }',
      )
    return {
      ...about(organization, 'space.thread-added'),
      field: add(space),
      otherField: add(other),
      expected: [1, 0],
      effect: () =>
        Promise.all(
          [space, other].map(async ({ id }) => (await owner.must('Space', { id })).space.threadCount),
        ),
    }
  },
}

function about({ id, owner }: Seeded, action: string) {
  return { owner, organizationId: id, action }
}

function fieldOf(name: string, given: string, selection: string): (key?: string) => string {
  return (key) => {
    const keyed = key === undefined ? given : `${given}, idempotencyKey: "${key}"`
    return `${name}(${keyed}) { ${selection} }`
  }
}

async function threadsOf({ id: organizationId, owner }: Seeded): Promise<Json[]> {
  const { threads } = await owner.must('Threads', { organizationId, first: 100 })
  return threads.edges.map(({ node: { title, messageCount } }: Json) => ({ title, messageCount }))
}
