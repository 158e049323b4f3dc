import { type Database, StaleReadError, type Transaction } from '../../platform/database/database.js'
import { conflict, invalid } from '../../platform/errors.js'
import { requireOrganization } from '../access/access.js'
import type { OrganizationAccessRow } from '../access/access.sql.js'
import { mutate } from '../access/mutation.js'
import type { Viewer } from '../access/viewer.js'
import { recordAudit } from '../audit/audit.trail.js'
import type { OrganizationService } from '../organizations/organization.service.js'
import type { UsageMeter } from '../usage/usage.meter.js'
import { type Candidate, refuseRepeats, toCandidate, toResult } from './import.candidate.js'
import { placeThreads, tellNotRestored } from './import.placement.js'
import {
  type ImportTarget,
  insertImportedThreads,
  insertRuns,
  lockImportTargets,
  selectMessageOwners,
} from './import.sql.js'
import type { ImportThreadInput, ImportThreadResult } from './import.type.js'
import type { MessageObserver } from './message.observer.js'
import {
  growThreads,
  insertMessages,
  type MessageRecord,
  type NewMessageRow,
  type ThreadGrowth,
} from './message.sql.js'

const MAX_THREADS = 1_000
/** of messages, and of agent runs */
const MAX_ROWS = 1_000

/**
 * Imports many threads in a constant number of statements. Existing threads and messages are left alone, so an import is
 * idempotent. An error in one thread is reported for that thread; the others are imported.
 */
export class ImportService {
  constructor(
    private readonly db: Database,
    private readonly organizations: OrganizationService,
    private readonly usage: UsageMeter,
    private readonly observer: Pick<MessageObserver, 'appended'>,
  ) {}

  async import(
    viewer: Viewer,
    organizationId: string | null,
    threads: readonly ImportThreadInput[],
  ): Promise<ImportThreadResult[]> {
    requireSize(threads)
    const { results } = await mutate(this.db, viewer, {
      require: async (tx) =>
        organizationId === null ? null : requireOrganization(tx, viewer, 'write', organizationId),
      work: async (tx, named) => {
        const place = named?.id ?? (await this.organizations.openPersonal(tx, viewer)).id
        const organization = named ?? (await requireOrganization(tx, viewer, 'write', place))
        return { place, results: await this.#import(tx, viewer, organization, threads) }
      },
      requireReply: (tx, { place }) => requireOrganization(tx, viewer, 'write', place),
    })
    return results
  }

  async #import(
    tx: Transaction,
    viewer: Viewer,
    organization: OrganizationAccessRow,
    threads: readonly ImportThreadInput[],
  ): Promise<ImportThreadResult[]> {
    const place = organization.id
    const candidates = threads.map((thread) => toCandidate(thread, viewer, place))
    refuseRepeats(candidates)
    await this.#refuseForeignMessages(tx, candidates)
    await placeThreads(tx, viewer, organization, candidates)
    const targets = await this.#openThreads(tx, candidates, place)
    const growths = await this.#addMessages(tx, candidates, targets)
    await addRuns(tx, candidates)
    await this.#account(tx, viewer, place, candidates, growths)
    return candidates.map(toResult)
  }

  /** A message id that exists in another thread: the whole thread is rejected rather than imported incompletely. */
  async #refuseForeignMessages(tx: Transaction, candidates: Candidate[]): Promise<void> {
    const ids = candidates.flatMap(({ messages, error }) => (error ? [] : messages.map(({ id }) => id)))
    const owners = await tx.query(selectMessageOwners(ids))
    const byMessage = new Map(owners.map((owner) => [owner.id, owner.threadId]))
    for (const candidate of candidates) {
      const foreign = candidate.messages.find(
        ({ id }) => (byMessage.get(id) ?? candidate.threadId) !== candidate.threadId,
      )
      if (foreign) {
        candidate.error ??= conflict(
          'A message with this id exists in another thread.',
          'Message id exists',
          {
            id: foreign.id,
          },
        )
      }
      candidate.messages = candidate.messages.filter(({ id }) => !byMessage.has(id))
    }
  }

  /** Creates new threads, and locks all of them in the order of their ids. */
  async #openThreads(
    tx: Transaction,
    candidates: Candidate[],
    organizationId: string,
  ): Promise<Map<string, ImportTarget>> {
    const rows = candidates.flatMap(({ thread, error }) => (thread && !error ? [thread] : []))
    const opened = new Set((await tx.query(insertImportedThreads(rows))).map(({ id }) => id))
    const ids = rows.map(({ id }) => id)
    const targets = await tx.query(lockImportTargets(organizationId, ids))
    const byId = new Map(targets.map((target) => [target.id, target]))
    for (const candidate of candidates) {
      if (candidate.error) continue
      const target = byId.get(candidate.threadId)
      candidate.isNew = opened.has(candidate.threadId)
      if (!target || target.deletedAt) {
        candidate.error = conflict(
          'A thread with this id exists elsewhere, or is deleted.',
          'Thread id exists',
          { id: candidate.threadId },
        )
      } else tellNotRestored(candidate, target)
    }
    return byId
  }

  async #addMessages(
    tx: Transaction,
    candidates: Candidate[],
    targets: Map<string, ImportTarget>,
  ): Promise<ThreadGrowth[]> {
    const rows = candidates
      .filter(({ error }) => !error)
      .flatMap(({ threadId, messages }) => {
        const base = targets.get(threadId)?.lastSequence ?? 0
        return messages.map((message, index) => ({ ...message, sequence: base + 1 + index }))
      })
    if (rows.length === 0) return []
    const added = await tx.query(insertMessages(rows))
    await requireNoHole(tx, rows, added)
    const growths = growthOf(added)
    if (growths.length > 0) await tx.query(growThreads(growths))
    return growths
  }

  async #account(
    tx: Transaction,
    viewer: Viewer,
    organizationId: string,
    candidates: Candidate[],
    growths: ThreadGrowth[],
  ): Promise<void> {
    const byThread = new Map(growths.map((growth) => [growth.threadId, growth.count]))
    for (const candidate of candidates) candidate.added = byThread.get(candidate.threadId) ?? 0
    const threads = candidates.filter(({ isNew, error }) => isNew && !error).length
    const messages = growths.reduce((sum, { count }) => sum + count, 0)
    await this.observer.appended(
      tx,
      growths.map(({ threadId }) => threadId),
    )
    await recordAudit(tx, viewer, {
      action: 'organization.threads-imported',
      targetType: 'organization',
      targetId: organizationId,
      organizationId,
      details: { threads, messages },
    })
    await this.usage.change(tx, organizationId, { threads, messages })
  }
}

async function addRuns(tx: Transaction, candidates: readonly Candidate[]): Promise<void> {
  const runs = candidates.flatMap((candidate) => (candidate.error ? [] : candidate.runs))
  if (runs.length === 0) return
  const added = new Map<string, number>()
  for (const { threadId } of await tx.query(insertRuns(runs)))
    added.set(threadId, (added.get(threadId) ?? 0) + 1)
  for (const candidate of candidates) candidate.addedRuns = added.get(candidate.threadId) ?? 0
}

function requireSize(threads: readonly ImportThreadInput[]): void {
  const messages = threads.reduce((sum, thread) => sum + thread.messages.length, 0)
  const agentRuns = threads.reduce((sum, thread) => sum + (thread.agentRuns?.length ?? 0), 0)
  if (threads.length < 1 || threads.length > MAX_THREADS || Math.max(messages, agentRuns) > MAX_ROWS) {
    throw invalid(
      'Invalid threads. Import 1 to 1,000 threads with up to 1,000 messages and 1,000 agent runs in all at once.',
      { threads: threads.length, messages, agentRuns },
    )
  }
}

/** Another transaction has added the message to another thread since the owners were read: read them again. */
async function requireNoHole(
  tx: Transaction,
  rows: readonly NewMessageRow[],
  added: readonly Pick<MessageRecord, 'id'>[],
): Promise<void> {
  if (added.length === rows.length) return
  const threads = new Map(rows.map(({ id, threadId }) => [id, threadId]))
  const owners = await tx.query(selectMessageOwners([...threads.keys()]))
  if (owners.some(({ id, threadId }) => threads.get(id) !== threadId))
    throw new StaleReadError('A message was given to another thread')
}

function growthOf(added: readonly Omit<MessageRecord, 'content'>[]): ThreadGrowth[] {
  const growths = new Map<string, ThreadGrowth>()
  for (const { id, threadId, sequence, createdAt } of added) {
    const before = growths.get(threadId)
    const isLast = !before || sequence > before.lastSequence
    growths.set(threadId, {
      threadId,
      count: (before?.count ?? 0) + 1,
      lastSequence: isLast ? sequence : before.lastSequence,
      lastMessageId: isLast ? id : before.lastMessageId,
      lastMessageAt: isLast ? createdAt : before.lastMessageAt,
    })
  }
  return [...growths.values()]
}
