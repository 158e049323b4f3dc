import { GraphqlRequestError } from './graphql.client.js'
import type { Batch, Job, ThreadPart } from './import.batches.js'
import type { Conversation } from './import.conversation.js'
import { type Client, type ImportResult, ImportThreads, type ImportThreadsData } from './import.documents.js'

/** Result for one conversation. */
export interface Sent {
  readonly conversation: Conversation
  readonly status: ImportResult['status']
  readonly importedMessageCount: number
  readonly notRestored: ImportResult['notRestored']
  /** why it failed; null unless it did */
  readonly reason: string | null
}

// Errors that one thread may cause; any other error would affect every other thread as well.
const CODES_OF_ONE_THREAD = new Set([
  'VALIDATION_ERROR',
  'BAD_USER_INPUT',
  'CONFLICT',
  'INTERNAL_SERVER_ERROR',
  'UNEXPECTED_REPLY',
])

/** Sends the calls of a job in order; if a whole call is rejected, finds the thread that caused it. */
export class ImportSender {
  constructor(
    readonly client: Client,
    readonly organizationId: string,
  ) {}

  async send(job: Job): Promise<Sent[]> {
    const sent = new Map<Conversation, Sent>()
    for (const batch of job) {
      const open = batch.filter(({ conversation }) => sent.get(conversation)?.status !== 'FAILED')
      for (const part of await this.#call(open)) {
        sent.set(part.conversation, merge(sent.get(part.conversation), part))
      }
    }
    return [...sent.values()]
  }

  async #call(batch: Batch): Promise<Sent[]> {
    if (batch.length === 0) return []
    try {
      const data = await this.client.run<ImportThreadsData>(ImportThreads, {
        organizationId: this.organizationId,
        threads: batch.map(toInput),
      })
      return toSent(batch, data.importThreads.results)
    } catch (error) {
      if (!(error instanceof GraphqlRequestError) || !CODES_OF_ONE_THREAD.has(error.code)) throw error
      const [first] = batch
      if (first !== undefined && batch.length === 1) return [failed(first, `${error.code}: ${error.message}`)]
      const middle = batch.length >> 1
      return [...(await this.#call(batch.slice(0, middle))), ...(await this.#call(batch.slice(middle)))]
    }
  }
}

// Undefined fields are omitted from the call.
function toInput({ conversation, messages }: ThreadPart) {
  const { id, title, createdAt, metadata, projectId, ownerId, agentRuns } = conversation
  return { id, title, createdAt, metadata, projectId, ownerId, messages, agentRuns }
}

function toSent(batch: Batch, results: readonly ImportResult[]): Sent[] {
  const byId = new Map(results.map((result) => [result.threadId, result]))
  return batch.map((part) => {
    const result = byId.get(part.conversation.id)
    if (result === undefined) return failed(part, 'the server returned no result for it')
    const { status, importedMessageCount, notRestored, error } = result
    const reason = status === 'FAILED' ? `${error?.code}: ${error?.message}` : null
    return { conversation: part.conversation, status, importedMessageCount, notRestored, reason }
  })
}

function failed({ conversation }: ThreadPart, reason: string): Sent {
  return { conversation, status: 'FAILED', importedMessageCount: 0, notRestored: [], reason }
}

function merge(before: Sent | undefined, part: Sent): Sent {
  if (before === undefined) return part
  return {
    ...part,
    status: part.status === 'UNCHANGED' ? before.status : part.status,
    importedMessageCount: before.importedMessageCount + part.importedMessageCount,
  }
}
