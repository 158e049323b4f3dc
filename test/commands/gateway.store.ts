import { EventEmitter, on } from 'node:events'
import { GraphQLError } from 'graphql'

interface StoredThread {
  id: string
  title: string | null
  organizationId: string
  messages: Map<string, { id: string; content: string; role: string }>
}

interface StoredBackfill {
  id: string
  spaceId: string
  threadId: string
  sequence: number
  status: string
  total: number
  processed: number
  embedded: number
  skipped: number
  failed: number
}

interface ImportInput {
  id: string
  title?: string | null
  messages: { id: string; content: string; role: string }[]
}

/** What the stand-in server holds, and the resolvers over it: as little as the commands can tell apart. */
export class GatewayStore {
  readonly organizations: { id: string; name: string }[] = []
  readonly threads = new Map<string, StoredThread>()
  readonly spaces: { id: string; name: string; organization: { id: string; name: string } }[] = []
  readonly backfills = new Map<string, StoredBackfill>()
  /** every call of importThreads: how many messages each thread brought */
  readonly imports: { organizationId: string; threads: ImportInput[] }[] = []
  /** threads whose backfills end without any event */
  lostEvents = new Set<string>()
  /** leaves no thread in its project or with its owner */
  withoutReferences = false
  /** status in which a backfill ends */
  ending = 'COMPLETED'
  readonly #events = new EventEmitter().setMaxListeners(0)

  get resolvers() {
    return {
      viewer: () => ({
        id: 'user_1',
        organizations: { edges: this.organizations.map((node) => ({ node })) },
      }),
      openPersonalOrganization: () => {
        const known = this.organizations.find(({ name }) => name === 'Personal')
        const organization = known ?? { id: `org_${this.organizations.length + 1}`, name: 'Personal' }
        if (!known) this.organizations.push(organization)
        return { organization }
      },
      importThreads: (call: { organizationId: string; threads: ImportInput[] }) => this.#import(call),
      spaces: () => ({
        edges: this.spaces.map((space) => ({ node: this.#spaceOf(space.id) })),
        pageInfo: { hasNextPage: false, endCursor: null },
      }),
      createSpace: ({ input }: { input: { organizationId: string; name: string } }) => {
        const organization = this.organizations.find(({ id }) => id === input.organizationId)
        const id = `space_${this.spaces.length + 1}`
        this.spaces.push({ id, name: input.name, organization: organization ?? { id: '', name: '' } })
        return { space: this.#spaceOf(id) }
      },
      addThreadToSpace: (call: { spaceId: string; threadId: string }) => ({ backfill: this.#add(call) }),
      removeThreadFromSpace: ({ spaceId, threadId }: { spaceId: string; threadId: string }) => {
        const link = this.#linkOf(spaceId, threadId)
        if (link) this.backfills.delete(link.id)
        return { message: 'Removed', removedVectorCount: link?.embedded ?? 0, space: this.#spaceOf(spaceId) }
      },
      backfill: ({ id }: { id: string }) => this.backfills.get(id) ?? null,
      searchSpace: ({ spaceId, first }: { spaceId: string; first: number }) => ({
        edges: this.#messagesOf(spaceId)
          .slice(0, first)
          .map((node) => ({ score: 0.5, node })),
      }),
      threadDeletionPreview: ({ threadId }: { threadId: string }) => ({
        vectorCount: [...this.backfills.values()]
          .filter((link) => link.threadId === threadId)
          .reduce((sum, { embedded }) => sum + embedded, 0),
      }),
      deleteThread: ({ threadId }: { threadId: string }) => this.#delete(threadId),
      backfillProgress: ({ backfillId }: { backfillId: string }) => this.#progress(backfillId),
      spaceBackfillProgress: ({ spaceId }: { spaceId: string }) => this.#spaceProgress(spaceId),
    }
  }

  #import(call: { organizationId: string; threads: ImportInput[] }) {
    this.imports.push(call)
    if (call.threads.some(({ id }) => id === 'poison')) throw refusal('VALIDATION_ERROR', 'Poisoned')
    return { results: call.threads.map((thread) => this.#importThread(call.organizationId, thread)) }
  }

  #importThread(organizationId: string, { id, title, messages }: ImportInput) {
    const stored = this.threads.get(id) ?? { id, title: title ?? null, organizationId, messages: new Map() }
    if (stored.organizationId !== organizationId) {
      const error = { code: 'CONFLICT', message: 'The id is in use' }
      return { threadId: id, status: 'FAILED', importedMessageCount: 0, notRestored: [], error }
    }
    const isNew = !this.threads.has(id)
    const before = stored.messages.size
    for (const message of messages) stored.messages.set(message.id, message)
    this.threads.set(id, stored)
    const importedMessageCount = stored.messages.size - before
    const status = isNew || importedMessageCount > 0 ? 'IMPORTED' : 'UNCHANGED'
    const notRestored = this.withoutReferences ? ['PROJECT', 'OWNER'] : []
    return { threadId: id, status, importedMessageCount, notRestored, error: null }
  }

  #add({ spaceId, threadId }: { spaceId: string; threadId: string }): StoredBackfill {
    const present = this.#linkOf(spaceId, threadId)
    if (present) return present
    const total = this.threads.get(threadId)?.messages.size ?? 0
    const counts = { total, processed: 0, embedded: 0, skipped: 0, failed: 0 }
    const id = `bkfl_${this.backfills.size + 1}_${threadId}`
    const backfill = { id, spaceId, threadId, sequence: 1, status: 'QUEUED', ...counts }
    this.backfills.set(id, backfill)
    // After the reply, as a worker would.
    setImmediate(() => this.#embed(id))
    return { ...backfill }
  }

  #embed(id: string): void {
    const backfill = this.backfills.get(id)
    if (backfill === undefined) return
    for (const status of ['RUNNING', this.ending]) {
      const processed = status === 'RUNNING' ? Math.floor(backfill.total / 2) : backfill.total
      Object.assign(backfill, { status, processed, embedded: processed, sequence: backfill.sequence + 1 })
      if (!this.lostEvents.has(backfill.threadId)) this.#events.emit('progress', { ...backfill })
    }
  }

  #delete(threadId: string) {
    const thread = this.threads.get(threadId)
    if (thread === undefined) throw refusal('RESOURCE_NOT_FOUND', 'The thread does not exist')
    this.threads.delete(threadId)
    const counts = {
      deletedMessageCount: thread.messages.size,
      deletedVectorCount: 0,
      operationDurationMs: 3,
    }
    const message = 'Thread deleted successfully'
    return { status: 'SUCCESS', message, threadTitle: thread.title, auditLogId: 'audit_1', ...counts }
  }

  async *#progress(backfillId: string) {
    const events = on(this.#events, 'progress')
    const now = this.backfills.get(backfillId)
    yield { backfillProgress: { backfillId, ...now } }
    if (now?.status === this.ending) return
    for await (const [event] of events) {
      if (event.id === backfillId) yield { backfillProgress: { backfillId, ...event } }
      if (event.id === backfillId && event.status === this.ending) return
    }
  }

  async *#spaceProgress(spaceId: string) {
    for await (const [event] of on(this.#events, 'progress')) {
      if (event.spaceId === spaceId) yield { spaceBackfillProgress: { backfillId: event.id, ...event } }
    }
  }

  #spaceOf(id: string) {
    const links = [...this.backfills.values()].filter(({ spaceId }) => spaceId === id)
    const vectorCount = links.reduce((sum, { embedded }) => sum + embedded, 0)
    return { ...this.spaces.find((space) => space.id === id), threadCount: links.length, vectorCount }
  }

  #linkOf(spaceId: string, threadId: string): StoredBackfill | undefined {
    return [...this.backfills.values()].find((link) => link.spaceId === spaceId && link.threadId === threadId)
  }

  #messagesOf(spaceId: string) {
    const links = [...this.backfills.values()].filter((link) => link.spaceId === spaceId)
    return links.flatMap(({ threadId }) => {
      const thread = this.threads.get(threadId)
      return [...(thread?.messages.values() ?? [])].map((message) => ({ ...message, thread }))
    })
  }
}

function refusal(code: string, message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code } })
}
