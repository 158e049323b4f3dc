import { expect } from 'vitest'
import { ID, type Story, TEXTS, TIME } from './story.js'

/** The part of the contract's story in which an organization, a project and threads are made and read. */

export async function openOrganization(story: Story) {
  const { createOrganization } = await story.run('CreateOrganization', { name: 'Acme' })
  expect(createOrganization).toEqual({ organization: { id: ID, name: 'Acme' } })
  const { id: organizationId } = createOrganization.organization
  const added = await story.run('AddOrganizationMember', {
    organizationId,
    userId: 'user_amy',
    role: 'ADMIN',
  })
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

export async function openThread(
  story: Story,
  organizationId: string,
  projectId: string | null,
  texts: string[],
) {
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

export async function readBack(story: Story, organizationId: string, projectId: string, threadId: string) {
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

export async function readThread(story: Story, threadId: string, agentRunId: string, spaceIds: string[]) {
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

export async function startRun(story: Story, threadId: string): Promise<string> {
  const { startAgentRun } = await story.run('StartAgentRun', { threadId })
  expect(startAgentRun.agentRun).toEqual({ id: ID, status: 'RUNNING', startedAt: TIME })
  return startAgentRun.agentRun.id
}
