import { HeddleError, invalid } from '../../platform/errors.js'
import { requireId } from '../../platform/ids.js'
import { cutText, requireStorable } from '../../platform/text.js'
import { requireOptionalTime } from '../../platform/validate.js'
import type { Viewer } from '../access/viewer.js'
import { MAX_TITLE, requireMetadata } from '../threads/thread.service.js'
import type { NewThreadRow } from '../threads/thread.sql.js'
import type { ImportedRun } from './import.sql.js'
import type {
  ImportAgentRunInput,
  ImportReference,
  ImportThreadInput,
  ImportThreadResult,
} from './import.type.js'
import { requireMessages } from './message.service.js'
import type { NewMessageRow } from './message.sql.js'

interface Origin {
  ownerId: string | null
  projectId: string | null
}

/** A thread being imported: `error` is set if it was rejected, `added` once its messages are stored. */
export interface Candidate {
  threadId: string
  thread: NewThreadRow | null
  messages: NewMessageRow[]
  runs: ImportedRun[]
  /** project and owner as sent; `placeThreads` decides which of them apply */
  origin: Origin
  notRestored: ImportReference[]
  isNew: boolean
  added: number
  addedRuns: number
  error: HeddleError | null
}

export function toCandidate(input: ImportThreadInput, viewer: Viewer, organizationId: string): Candidate {
  const candidate: Candidate = {
    threadId: input.id,
    thread: null,
    messages: [],
    runs: [],
    origin: { ownerId: input.ownerId ?? null, projectId: input.projectId ?? null },
    notRestored: [],
    isNew: false,
    added: 0,
    addedRuns: 0,
    error: null,
  }
  try {
    const id = requireId('id', input.id)
    candidate.thread = {
      id,
      ownerId: input.ownerId == null ? viewer.userId : requireId('ownerId', input.ownerId),
      organizationId,
      projectId: input.projectId == null ? null : requireId('projectId', input.projectId),
      conversationId: id,
      title: input.title == null ? null : toTitle(input.title),
      metadata: requireMetadata(input.metadata ?? {}),
      createdAt: requireOptionalTime('createdAt', input.createdAt),
    }
    candidate.messages = requireMessages(input.messages, id)
    candidate.runs = (input.agentRuns ?? []).map((run) => toRun(run, id))
  } catch (error) {
    if (!(error instanceof HeddleError)) throw error
    candidate.error = error
  }
  return candidate
}

function toTitle(title: string): string {
  requireStorable('title', title)
  return cutText(title.trim(), MAX_TITLE)
}

function toRun({ id, status, startedAt, finishedAt }: ImportAgentRunInput, threadId: string): ImportedRun {
  requireId('id', id)
  if ((status === 'RUNNING') !== (finishedAt == null)) {
    throw invalid('Invalid agentRuns. A run must have a finishedAt if and only if it is not RUNNING.', { id })
  }
  return { id, threadId, status, startedAt, finishedAt: finishedAt ?? null }
}

export function refuseRepeats(candidates: Candidate[]): void {
  const threads = new Set<string>()
  const messages = new Set<string>()
  for (const candidate of candidates) {
    const repeated =
      threads.has(candidate.threadId) || candidate.messages.some((message) => messages.has(message.id))
    threads.add(candidate.threadId)
    for (const { id } of candidate.messages) messages.add(id)
    if (repeated)
      candidate.error ??= invalid('An id occurs twice in this import.', { id: candidate.threadId })
  }
}

export function toResult({
  threadId,
  isNew,
  added,
  addedRuns,
  notRestored,
  error,
}: Candidate): ImportThreadResult {
  if (error) {
    return {
      threadId,
      status: 'FAILED',
      importedMessageCount: 0,
      notRestored: [],
      error: { code: error.code, message: error.message },
    }
  }
  return {
    threadId,
    status: isNew || added + addedRuns > 0 ? 'IMPORTED' : 'UNCHANGED',
    importedMessageCount: added,
    notRestored,
    error: null,
  }
}
