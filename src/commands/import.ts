import { stat } from 'node:fs/promises'
import { Batcher, type Job } from './import.batches.js'
import type { Conversation } from './import.conversation.js'
import type { Client } from './import.documents.js'
import { Lanes } from './import.lanes.js'
import { describeOrganization, openPersonalOrganization, UsageError } from './import.organization.js'
import { type BadLine, readConversations } from './import.readers.js'
import { Reports } from './import.reports.js'
import { ImportSender, type Sent } from './import.sender.js'
import { chooseSpace, followBackfills, SpaceLinks } from './import.space.js'
import {
  type FirstThread,
  type ImportSummary,
  rate,
  type SpaceSummary,
  summariseSpace,
} from './import.summary.js'
import { count, type Output, ProgressBar } from './progress.bar.js'

export interface ImportRequest {
  readonly files: readonly string[]
  /** id; null: the caller's personal one */
  readonly organizationId: string | null
  /** name or id of the space to add the threads to; null: none */
  readonly space: string | null
}

const REQUESTS_IN_FLIGHT = 2
const NAMED_THREADS = 3

/** Imports files of conversations. When `signal` is aborted, running calls are still awaited. */
export async function importFiles(
  client: Client,
  request: ImportRequest,
  output: Output,
  signal: AbortSignal,
): Promise<ImportSummary> {
  const bytes = await measureFiles(request.files)
  const { organizationId: given } = request
  const chosen = given === null ? await openPersonalOrganization(client) : { id: given, name: '' }
  const organizationId = chosen.id
  const space = request.space === null ? null : await chooseSpace(client, organizationId, request.space)
  const links = space === null ? null : new SpaceLinks(client, space)
  const run = new ImportRun(new ImportSender(client, organizationId), links, output, bytes)
  const outcome = await run.all(request.files, organizationId, signal)
  return { ...outcome, organization: given === null ? chosen : await describeOrganization(client, given) }
}

type Outcome = Omit<ImportSummary, 'organization'>

/** One pass over the files: reads, sends, links, and counts. */
class ImportRun {
  readonly #startedAt = Date.now()
  readonly #batcher = new Batcher()
  readonly #lanes = new Lanes(REQUESTS_IN_FLIGHT)
  readonly #bar: ProgressBar
  readonly #reports: Reports
  readonly #counts = {
    conversations: 0,
    imported: 0,
    unchanged: 0,
    failed: 0,
    messages: 0,
    badLines: 0,
    badFiles: 0,
  }
  readonly #threads: FirstThread[] = []
  /** threads that arrive in parts, by the results of the parts so far */
  readonly #failed = new Set<string>()
  readonly #imported = new Set<string>()
  #bytesRead = 0

  constructor(
    readonly sender: ImportSender,
    readonly links: SpaceLinks | null,
    readonly output: Output,
    readonly bytes: number,
  ) {
    this.#bar = new ProgressBar(output, 'Import')
    this.#reports = new Reports((line) => this.#bar.print(line))
  }

  async all(files: readonly string[], namespace: string, signal: AbortSignal): Promise<Outcome> {
    const work = (): Promise<Outcome> => this.#work(files, namespace, signal)
    if (this.links === null) return work()
    return this.links.watch.during(work, (error) => this.#bar.print(`No live progress: ${String(error)}`))
  }

  async #work(files: readonly string[], namespace: string, signal: AbortSignal): Promise<Outcome> {
    try {
      for (const file of files) await this.#read(file, namespace, signal)
      await this.#start(this.#batcher.flush())
      await this.#lanes.drain()
    } finally {
      await this.#lanes.idle()
      this.#reports.finish()
    }
    const seconds = this.#seconds
    this.#bar.finish(this.#describe())
    const space = await this.#embed(signal)
    return { ...this.#counts, seconds, stopped: signal.aborted, threads: this.#threads, space }
  }

  async #read(file: string, namespace: string, signal: AbortSignal): Promise<void> {
    const onRead = (bytes: number): void => {
      this.#bytesRead += bytes
    }
    if (signal.aborted) return
    for await (const found of readConversations(file, { namespace, onRead })) {
      if (found.kind === 'bad') this.#refuse(found)
      else await this.#take(found)
      if (signal.aborted) return
    }
  }

  async #take(conversation: Conversation): Promise<void> {
    if (conversation.piece && !conversation.piece.isFirst) {
      // Earlier parts are stored before the next one is sent: messages keep their order, and none follows a failure.
      await this.#start(this.#batcher.flush())
      await this.#lanes.drain()
      if (this.#failed.has(conversation.id)) return
    } else this.#counts.conversations += 1
    for (const note of conversation.notes ?? []) this.#reports.add(conversation.source, note)
    await this.#start(this.#batcher.add(conversation))
  }

  #refuse({ source, unit, reason }: BadLine): void {
    this.#counts[unit === 'file' ? 'badFiles' : 'badLines'] += 1
    this.#reports.add(source, reason)
  }

  async #start(jobs: readonly Job[]): Promise<void> {
    for (const job of jobs) await this.#lanes.run(() => this.#send(job))
  }

  async #send(job: Job): Promise<void> {
    for (const sent of await this.sender.send(job)) {
      const { conversation, status, importedMessageCount, reason } = sent
      this.#counts.messages += importedMessageCount
      if (status === 'FAILED') {
        this.#counts.failed += 1
        if (conversation.piece) this.#failed.add(conversation.id)
        this.#reports.add(placeOf(conversation), reason ?? '')
        continue
      }
      if (sent.notRestored.length > 0) this.#reports.add(placeOf(conversation), describeLoss(sent))
      await this.#count(conversation, status === 'IMPORTED')
    }
    this.#bar.update(this.bytes === 0 ? 1 : this.#bytesRead / this.bytes, () => this.#describe())
  }

  /** A thread in parts is counted with its last one. */
  async #count({ id, title, piece }: Conversation, isNews: boolean): Promise<void> {
    if (piece && !piece.isLast) {
      if (isNews) this.#imported.add(id)
      return
    }
    const isImported = this.#imported.delete(id) || isNews
    this.#counts[isImported ? 'imported' : 'unchanged'] += 1
    if (this.#threads.length < NAMED_THREADS) this.#threads.push({ id, title })
    await this.links?.add(id)
  }

  async #embed(signal: AbortSignal): Promise<SpaceSummary | null> {
    if (this.links === null) return null
    await followBackfills(this.links.watch, this.output, signal)
    return summariseSpace(this.links)
  }

  get #seconds(): number {
    return (Date.now() - this.#startedAt) / 1000
  }

  #describe(): string {
    const { conversations, messages } = this.#counts
    return `${count(conversations, 'conversation')}, ${rate(messages, this.#seconds)}`
  }
}

const placeOf = ({ source, id }: Conversation): string => `${source}: ${id}`

/** A project may have been deleted, and an owner may have left: not a failure, but reported. */
function describeLoss({ conversation: { projectId, ownerId }, notRestored }: Sent): string {
  const lost = notRestored.map((what) => (what === 'PROJECT' ? `project ${projectId}` : `owner ${ownerId}`))
  return `imported without its ${lost.join(' and its ')}`
}

/** The total size. Throws UsageError if a file cannot be read. */
export async function measureFiles(files: readonly string[]): Promise<number> {
  let bytes = 0
  for (const file of files) {
    const found = await stat(file).catch(() => null)
    if (!found?.isFile()) throw new UsageError(`${file} is not a file that can be read`)
    bytes += found.size
  }
  return bytes
}
