import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestApp, type TestApp } from './support/app.js'
import type { Json, TestClient } from './support/client.js'
import { expectInvariants } from './support/invariants.js'
import { operationNames } from './support/operations.js'

let app: TestApp

beforeAll(async () => {
  app = await startTestApp()
})
afterAll(() => app[Symbol.asyncDispose]())

const ID: string = expect.stringMatching(/^[a-z]+_\w+$/)
const TIME: string = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/)
const TEXTS = ['alpha beta', 'gamma delta', 'epsilon zeta']

/** Runs the documents of the contract for one user, and remembers which. */
class Story {
  readonly told = new Set<string>()

  constructor(readonly user: TestClient) {}

  async run(name: string, variables: Record<string, unknown> = {}): Promise<Json> {
    this.told.add(name)
    return this.user.must(name, variables)
  }

  watch(name: string, variables: Record<string, unknown>) {
    this.told.add(name)
    return this.user.subscribe(name, variables)
  }
}

async function openOrganization(story: Story) {
  const { createOrganization } = await story.run('CreateOrganization', { name: 'Acme' })
  expect(createOrganization).toEqual({ organization: { id: ID, name: 'Acme' } })
  const { id: organizationId } = createOrganization.organization
  const added = await story.run('AddOrganizationMember', { organizationId, userId: 'user_amy', role: 'ADMIN' })
  expect(added.addOrganizationMember).toEqual({ member: { user: { id: 'user_amy' }, role: 'ADMIN' } })
  const { createProject } = await story.run('CreateProject', { input: { organizationId, name: 'Website' } })
  expect(createProject.project).toEqual({
    id: ID,
    name: 'Website',
    organization: { id: organizationId },
    sandbox: null,
  })
  return { organizationId, projectId: createProject.project.id as string }
}

async function openThread(story: Story, organizationId: string, projectId: string | null, texts: string[]) {
  const metadata = { customMetadata: { tags: { team: 'blue' }, source: 'web' } }
  const input = { organizationId, projectId, title: 'Plans', metadata }
  const { createThread } = await story.run('CreateThread', { input })
  expect(createThread.thread).toEqual({
    id: ID,
    title: 'Plans',
    organization: { id: organizationId },
    project: projectId === null ? null : { id: projectId },
    owner: { id: story.user.userId },
    messageCount: 0,
    createdAt: TIME,
  })
  const threadId: string = createThread.thread.id
  const messages = texts.map((content) => ({ role: 'USER', content }))
  const { appendMessages } = await story.run('AppendMessages', { threadId, messages })
  expect(appendMessages.messages).toEqual(
    texts.map((content, index) => ({ id: ID, role: 'USER', content, sequence: index + 1, createdAt: TIME })),
  )
  expect(appendMessages.thread).toEqual({ id: threadId, messageCount: texts.length, lastMessageAt: TIME })
  return { threadId, messageIds: appendMessages.messages.map(({ id }: { id: string }) => id) as string[] }
}

async function readBack(story: Story, organizationId: string, projectId: string, threadId: string) {
  const { viewer } = await story.run('Viewer')
  const usage = { threads: 1, projects: 1, messages: 3, threadLimit: 1_000_000, projectLimit: 10_000 }
  expect(viewer).toEqual({
    id: story.user.userId,
    organizations: { edges: [{ node: { id: organizationId, name: 'Acme', usage } }] },
  })
  const project = { id: projectId, name: 'Website', organization: { id: organizationId }, sandbox: null }
  expect(await story.run('Project', { id: projectId })).toEqual({ project: { ...project, threadCount: 1 } })
  const { threads } = await story.run('Threads', { organizationId, first: 5 })
  const [{ cursor }] = threads.edges
  const node = {
    id: threadId,
    title: 'Plans',
    messageCount: 3,
    lastMessageAt: TIME,
    deletedAt: null,
    project: { id: projectId, name: 'Website' },
    lastMessage: { id: ID, role: 'USER', content: 'epsilon zeta' },
  }
  expect(threads).toEqual({
    edges: [{ cursor: expect.any(String), node }],
    pageInfo: { hasNextPage: false, endCursor: cursor },
    totalCount: 1,
  })
}

async function readThread(story: Story, threadId: string, agentRunId: string, spaceIds: string[]) {
  const { thread } = await story.run('Thread', { id: threadId, first: 2 })
  expect(thread).toEqual({
    id: threadId,
    title: 'Plans',
    messageCount: 3,
    deletedAt: null,
    messages: {
      edges: [1, 2].map((sequence) => ({
        node: { id: ID, role: 'USER', content: TEXTS[sequence - 1], sequence },
      })),
      pageInfo: { hasNextPage: true, endCursor: expect.any(String) },
    },
    agentRuns: { edges: [{ node: { id: agentRunId, status: 'RUNNING' } }] },
    spaces: { edges: spaceIds.map((id) => ({ node: { id, name: 'Knowledge' } })) },
  })
}

async function openSpace(story: Story, organizationId: string): Promise<string> {
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

async function fillSpace(story: Story, spaceId: string, threadId: string): Promise<void> {
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
    ...{ backfillId, spaceId, threadId, status: 'COMPLETED', ...DONE },
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
    ...{ id: backfillId, status: 'COMPLETED', ...DONE, space: { id: spaceId }, thread: { id: threadId } },
    ...{ createdAt: TIME, startedAt: TIME, finishedAt: TIME },
  })
}

async function useSpace(story: Story, spaceId: string, threadId: string, messageIds: string[]) {
  const { space } = await story.run('Space', { id: spaceId, first: 3 })
  const edge = {
    addedAt: TIME,
    addedBy: { id: story.user.userId },
    backfill: { id: ID, status: 'COMPLETED', percent: 100 },
    node: { id: threadId, title: 'Plans', messageCount: 3 },
  }
  expect(space).toEqual({
    ...{ id: spaceId, name: 'Knowledge', accessMode: 'PRIVATE', viewerCanEdit: true },
    ...{ threadCount: 1, vectorCount: 3 },
    threads: { edges: [edge], pageInfo: { hasNextPage: false, endCursor: expect.any(String) } },
  })
  const { searchSpace } = await story.run('SearchSpace', { spaceId, query: 'gamma delta', first: 1 })
  const thread = { id: threadId, title: 'Plans' }
  const node = { id: messageIds[1], content: 'gamma delta', role: 'USER', thread }
  expect(searchSpace.edges).toEqual([{ score: expect.closeTo(1, 2), node }])
}

async function interruptBackfill(story: Story, spaceId: string, threadId: string): Promise<void> {
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
