import { Batcher } from './import.batches.js'
import type { Conversation } from './import.conversation.js'
import { AddThreadToSpace, type AddThreadToSpaceData, type Client, type Named } from './import.documents.js'
import { importFiles } from './import.js'
import { openPersonalOrganization } from './import.organization.js'
import { readConversations } from './import.readers.js'
import { ImportSender } from './import.sender.js'
import { createSpace, findSpaces, followBackfills, SpaceLinks } from './import.space.js'
import { rate } from './import.summary.js'
import { count, type Output, ProgressBar } from './progress.bar.js'
import {
  BackfillProgress,
  type BackfillProgressData,
  DeleteThread,
  type DeleteThreadData,
  RemoveThreadFromSpace,
  type RemoveThreadFromSpaceData,
  SearchSpace,
  type SearchSpaceData,
  ThreadVectors,
  type ThreadVectorsData,
} from './quickstart.documents.js'
import { teamLog } from './quickstart.log.js'

/** A failed step of the tour; its message names the step. */
export class TourError extends Error {
  override readonly name = 'TourError'
}

export interface TourOptions {
  /** path of the sample conversations */
  readonly samples: string
  /** length of the long thread */
  readonly logMessages: number
}

const SPACE_NAME = 'Team memory'
const QUESTIONS = [
  'When does our TLS certificate expire?',
  'Where are the backups stored?',
  'water damage in the kitchen',
]
const HITS = 2
const STEPS = 7

/** Shows what Heddle does on a running server, through its public API. Can be repeated. */
export class Tour {
  #step = 0

  constructor(
    readonly client: Client,
    readonly output: Output,
    readonly options: TourOptions,
    readonly signal: AbortSignal,
  ) {}

  async run(): Promise<void> {
    const { id: organizationId } = await openPersonalOrganization(this.client)
    const log = teamLog(this.options.logMessages, organizationId)
    const samples = await this.#samples(organizationId)
    await this.#take('Import sample conversations', () => this.#importSamples(organizationId))
    await this.#take(`Import a long thread: ${log.title}`, () => this.#importLog(log, organizationId))
    const space = await this.#take(
      `Add it to the space "${SPACE_NAME}" and watch its messages being embedded`,
      async () => {
        const [found] = await findSpaces(this.client, organizationId, SPACE_NAME)
        const space = found ?? (await createSpace(this.client, organizationId, SPACE_NAME))
        await this.#embed(space.id, log.id)
        return space
      },
    )
    if (space === null) return
    await this.#take('Search the space by meaning', () => this.#search(space.id))
    await this.#take('Remove the thread from the space', () => this.#remove(space.id, log.id))
    await this.#take('Delete a thread for good', () => this.#delete(samples.slice(-1)))
    await this.#take('Fill the space with the sample conversations', () =>
      this.#fill(space, samples.slice(0, -1)),
    )
  }

  async #take<Result>(title: string, work: () => Promise<Result>): Promise<Result | null> {
    if (this.signal.aborted) return null
    this.#step += 1
    const startedAt = Date.now()
    this.#say(`\n[${this.#step}/${STEPS}] ${title}`)
    try {
      const result = await work()
      this.#say(`      ${((Date.now() - startedAt) / 1000).toFixed(1)} s`)
      return result
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      throw new TourError(`Step ${this.#step} (${title}) failed: ${reason}`, { cause: error })
    }
  }

  async #samples(organizationId: string): Promise<Conversation[]> {
    const samples: Conversation[] = []
    for await (const found of readConversations(this.options.samples, { namespace: organizationId })) {
      if (found.kind === 'conversation') samples.push(found)
    }
    return samples
  }

  async #importSamples(organizationId: string): Promise<void> {
    const request = { files: [this.options.samples], organizationId, space: null }
    const { failed, unchanged } = await importFiles(this.client, request, this.output, this.signal)
    if (failed > 0) throw new Error(`${count(failed, 'conversation')} could not be imported`)
    if (unchanged > 0) this.#say(`      ${count(unchanged, 'conversation')} had been imported before`)
  }

  async #importLog(log: Conversation, organizationId: string): Promise<void> {
    const sender = new ImportSender(this.client, organizationId)
    const batcher = new Batcher()
    const batches = [...batcher.add(log), ...batcher.flush()].flat()
    const bar = new ProgressBar(this.output, 'Import')
    const startedAt = Date.now()
    let sent = 0
    for (const batch of batches) {
      const [result] = await sender.send([batch])
      if (result?.status === 'FAILED') throw new Error(result.reason ?? 'the thread was refused')
      sent += batch.reduce((sum, { messages }) => sum + messages.length, 0)
      bar.update(sent / log.messages.length, () => rate(sent, (Date.now() - startedAt) / 1000))
      if (this.signal.aborted) return
    }
    bar.finish(`${count(sent, 'message')}, ${rate(sent, (Date.now() - startedAt) / 1000)}`)
  }

  async #embed(spaceId: string, threadId: string): Promise<void> {
    const data = await this.client.run<AddThreadToSpaceData>(AddThreadToSpace, { spaceId, threadId })
    const variables = { backfillId: data.addThreadToSpace.backfill.id }
    const bar = new ProgressBar(this.output, 'Embed')
    const events = this.client.subscribe<BackfillProgressData>(BackfillProgress, variables, this.signal)
    for await (const { backfillProgress: state } of events) {
      const { total, processed, embedded, skipped, failed, status, lastError } = state
      const speed = rate(state.messagesPerSecond ?? 0, 1)
      bar.update(processed / Math.max(total, 1), () => `${processed.toLocaleString('en')} messages, ${speed}`)
      if (status === 'COMPLETED') bar.finish(`${embedded} embedded, ${skipped} skipped, ${failed} failed`)
      if (status === 'FAILED' || status === 'CANCELED') throw new Error(`backfill ${status}: ${lastError}`)
    }
  }

  async #search(spaceId: string): Promise<void> {
    for (const query of QUESTIONS) {
      const data = await this.client.run<SearchSpaceData>(SearchSpace, { spaceId, query, first: HITS })
      this.#say(`      "${query}"`)
      for (const { score, node } of data.searchSpace.edges) {
        this.#say(`        ${score.toFixed(2)}  ${shorten(node.content)}`)
      }
    }
  }

  async #remove(spaceId: string, threadId: string): Promise<void> {
    const data = await this.client.run<RemoveThreadFromSpaceData>(RemoveThreadFromSpace, {
      spaceId,
      threadId,
    })
    const { removedVectorCount, space } = data.removeThreadFromSpace
    const { threadDeletionPreview } = await this.client.run<ThreadVectorsData>(ThreadVectors, { threadId })
    this.#say(
      `      ${count(removedVectorCount, 'vector')} removed; vectorCount of the thread: ${threadDeletionPreview.vectorCount}`,
    )
    this.#say(`      vectorCount of the space: ${space.vectorCount}; the thread itself stays`)
  }

  async #delete(threads: readonly Conversation[]): Promise<void> {
    for (const { id } of threads) {
      const { deleteThread } = await this.client.run<DeleteThreadData>(DeleteThread, { threadId: id })
      const { status, threadTitle, deletedMessageCount, deletedVectorCount, auditLogId } = deleteThread
      this.#say(
        `      ${status}: "${threadTitle}", ${count(deletedMessageCount, 'message')}, ${count(deletedVectorCount, 'vector')}`,
      )
      this.#say(`      in ${deleteThread.operationDurationMs} ms, receipt ${auditLogId}`)
    }
  }

  async #fill(space: Named, threads: readonly Conversation[]): Promise<void> {
    const links = new SpaceLinks(this.client, space)
    const work = async (): Promise<void> => {
      for (const { id } of threads) await links.add(id)
      await followBackfills(links.watch, this.output, this.signal)
    }
    await links.watch.during(work, (error) => this.#say(`      No live progress: ${String(error)}`))
    this.#say(`      ${count(links.added, 'thread')} added, ${links.present} in it before`)
  }

  #say(line: string): void {
    this.output.write(`${line}\n`)
  }
}

function shorten(text: string): string {
  return text.length > 100 ? `${text.slice(0, 99)}…` : text
}
