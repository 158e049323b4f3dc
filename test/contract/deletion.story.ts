import { expect } from 'vitest'
import { ID, type Story, TIME } from './story.js'

/** The part of the contract's story in which threads leave their space, are deleted, come back and go for good. */

const NO_METADATA = { labels: null, annotations: null, extra: null, version: null }

export async function leaveSpace(story: Story, spaceId: string, threadId: string): Promise<void> {
  const { removeThreadFromSpace } = await story.run('RemoveThreadFromSpace', { spaceId, threadId })
  expect(removeThreadFromSpace).toEqual({
    success: true,
    message: 'Thread removed from space',
    spaceId,
    threadId,
    removedAt: TIME,
    removedVectorCount: 1,
    space: { id: spaceId, threadCount: 1, vectorCount: 3 },
  })
}

/** @param mode left out: PERMANENT */
export async function deleteThread(story: Story, threadId: string, projectId: string, mode?: 'SOFT') {
  const isSoft = mode === 'SOFT'
  const preview = await story.run('ThreadDeletionPreview', { threadId })
  expect(preview.threadDeletionPreview).toEqual({
    messageCount: 3,
    agentRunCount: 1,
    vectorCount: 3,
    spaceCount: 1,
    projectWillBeDeleted: true,
    sandboxWillBeDeleted: false,
  })
  const idempotencyKey = `delete-${mode}`
  const { deleteThread: receipt } = await story.run('DeleteThread', { threadId, mode, idempotencyKey })
  expect(receipt).toEqual({
    status: 'SUCCESS',
    message: 'Thread deleted successfully',
    threadId,
    deletedMessageCount: 3,
    deletedAgentRunCount: 1,
    deletedVectorCount: 3,
    deletedAt: TIME,
    deletedBy: story.user.userId,
    softDelete: isSoft,
    permanentDelete: !isSoft,
    canRestore: isSoft,
    restoreUntil: isSoft ? TIME : null,
    threadTitle: 'Plans',
    projectId,
    projectDeleted: !isSoft,
    conversationId: null,
    errors: [],
    warnings: [],
    errorCount: 0,
    warningCount: 0,
    auditLogId: ID,
    backupCreated: false,
    backupLocation: null,
    userId: story.user.userId,
    sessionId: null,
    requestId: expect.any(String),
    traceId: expect.any(String),
    correlationId: null,
    operationDurationMs: expect.any(Number),
    apiVersion: '1',
    serverVersion: expect.any(String),
    clientVersion: null,
    timestamp: TIME,
    environment: expect.any(String),
    region: expect.any(String),
    customMetadata: { tags: { team: 'blue' }, source: 'web', ...NO_METADATA },
    deprecationNotice: null,
    migrationGuide: null,
    extra: null,
  })
}

export async function restoreThread(story: Story, threadId: string): Promise<void> {
  const { restoreThread: restored } = await story.run('RestoreThread', { threadId })
  expect(restored.thread).toEqual({ id: threadId, deletedAt: null, messageCount: 3 })
}

export async function deleteAllAndRestore(story: Story, organizationId: string): Promise<void> {
  const { deleteAllThreads } = await story.run('DeleteAllThreads', { organizationId, idempotencyKey: 'all' })
  expect(deleteAllThreads).toEqual({
    deleted: 2,
    message: 'Successfully deleted 2 thread(s)',
    batchId: ID,
    restoreUntil: TIME,
    auditLogId: ID,
  })
  const { restoreThreads } = await story.run('RestoreThreads', { batchId: deleteAllThreads.batchId })
  expect(restoreThreads).toEqual({ restored: 2, message: 'Successfully restored 2 thread(s)' })
}

export async function deleteSpace(story: Story, spaceId: string): Promise<void> {
  const { deleteSpace: deleted } = await story.run('DeleteSpace', { spaceId })
  expect(deleted).toEqual({ deletedSpaceId: spaceId, removedThreadCount: 0, removedVectorCount: 0 })
}
