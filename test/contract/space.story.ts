import { expect } from 'vitest'
import type { TestApp } from '../support/app.js'
import { ID, type Story, TIME } from './story.js'

/** The part of the contract's story in which a space is made, filled, searched, and its work interrupted. */

export async function openSpace(story: Story, organizationId: string): Promise<string> {
  const { createSpace } = await story.run('CreateSpace', { input: { organizationId, name: 'Knowledge' } })
  expect(createSpace.space).toEqual({
    id: ID,
    name: 'Knowledge',
    accessMode: 'PRIVATE',
    organization: { id: organizationId },
    threadCount: 0,
    vectorCount: 0,
    createdAt: TIME,
  })
  const spaceId: string = createSpace.space.id
  const grant = { spaceId, userId: 'user_bob' }
  expect(await story.run('GrantSpaceAccess', { ...grant, role: 'EDITOR' })).toEqual({
    grantSpaceAccess: { space: { id: spaceId } },
  })
  expect(await story.run('RevokeSpaceAccess', grant)).toEqual({
    revokeSpaceAccess: { space: { id: spaceId } },
  })
  return spaceId
}

const DONE = { total: 3, processed: 3, embedded: 3, skipped: 0, failed: 0, percent: 100, lastError: null }

export async function fillSpace(story: Story, spaceId: string, threadId: string): Promise<void> {
  const everything = story.watch('SpaceBackfillProgress', { spaceId })
  const { addThreadToSpace } = await story.run('AddThreadToSpace', { spaceId, threadId })
  const waiting = { processed: 0, embedded: 0, skipped: 0, failed: 0, percent: 0 }
  expect(addThreadToSpace).toEqual({
    success: true,
    message: 'Thread added to space',
    spaceId,
    threadId,
    addedAt: TIME,
    backfill: { id: ID, status: 'QUEUED', total: 3, ...waiting },
    space: { id: spaceId, threadCount: 1 },
  })
  const { id: backfillId } = addThreadToSpace.backfill
  const progress = story.watch('BackfillProgress', { backfillId })
  const last = (await progress.rest()).at(-1)
  expect(last?.errors).toBeUndefined()
  expect(last?.data.backfillProgress).toEqual({
    sequence: expect.any(Number),
    backfillId,
    spaceId,
    threadId,
    status: 'COMPLETED',
    ...DONE,
    messagesPerSecond: expect.any(Number),
    etaSeconds: 0,
    updatedAt: TIME,
  })
  await progress.stop()
  let event = await everything.next()
  while (event?.data?.spaceBackfillProgress.status !== 'COMPLETED') event = await everything.next()
  const counts = { total: 3, processed: 3, percent: 100, sequence: expect.any(Number) }
  expect(event.data.spaceBackfillProgress).toEqual({ backfillId, threadId, status: 'COMPLETED', ...counts })
  await everything.stop()
  expect((await story.run('Backfill', { id: backfillId })).backfill).toEqual({
    id: backfillId,
    status: 'COMPLETED',
    ...DONE,
    space: { id: spaceId },
    thread: { id: threadId },
    createdAt: TIME,
    startedAt: TIME,
    finishedAt: TIME,
  })
}

export async function useSpace(story: Story, spaceId: string, threadId: string, messageIds: string[]) {
  const { space } = await story.run('Space', { id: spaceId, first: 3 })
  const edge = {
    addedAt: TIME,
    addedBy: { id: story.user.userId },
    backfill: { id: ID, status: 'COMPLETED', percent: 100 },
    node: { id: threadId, title: 'Plans', messageCount: 3 },
  }
  expect(space).toEqual({
    id: spaceId,
    name: 'Knowledge',
    accessMode: 'PRIVATE',
    viewerCanEdit: true,
    threadCount: 1,
    vectorCount: 3,
    threads: { edges: [edge], pageInfo: { hasNextPage: false, endCursor: expect.any(String) } },
  })
  const { searchSpace } = await story.run('SearchSpace', { spaceId, query: 'gamma delta', first: 1 })
  const thread = { id: threadId, title: 'Plans' }
  const node = { id: messageIds[1], content: 'gamma delta', role: 'USER', thread }
  expect(searchSpace.edges).toEqual([{ score: expect.closeTo(1, 2), node }])
}

export async function interruptBackfill(
  app: TestApp,
  story: Story,
  spaceId: string,
  threadId: string,
): Promise<void> {
  app.embedder.pause()
  const { addThreadToSpace } = await story.run('AddThreadToSpace', { spaceId, threadId })
  const { id: backfillId } = addThreadToSpace.backfill
  const { cancelBackfill } = await story.run('CancelBackfill', { backfillId })
  expect(cancelBackfill.backfill).toEqual({ id: backfillId, status: 'CANCELED' })
  const { retryBackfill } = await story.run('RetryBackfill', { backfillId })
  expect(retryBackfill.backfill).toEqual({ id: ID, status: 'QUEUED', total: 1, processed: 0, failed: 0 })
  app.embedder.resume()
  const last = await app.seed.embedded(story.user, retryBackfill.backfill.id)
  expect(last).toMatchObject({ status: 'COMPLETED', processed: 1 })
}
