import { randomUUID } from 'node:crypto'
import type { TestApp } from './app.js'
import { TestClient } from './client.js'
import { ACCEPT_MEMBERSHIP, CREATE_API_KEY } from './documents.js'
import { labelSandbox } from './sandbox.endpoint.js'

/** A thing that a test has made, and who made it. */
export interface Seeded {
  id: string
  owner: TestClient
}

export interface SeededThread extends Seeded {
  organizationId: string
  messageIds: string[]
}

export interface SeededSpace extends Seeded {
  organizationId: string
}

export interface SeededLink {
  owner: TestClient
  organization: Seeded
  space: SeededSpace
  thread: SeededThread
  backfillId: string
}

type OrganizationRole = 'OWNER' | 'ADMIN' | 'MEMBER' | 'VIEWER'
type SpaceRole = 'OWNER' | 'EDITOR' | 'VIEWER'

/** Makes what a test starts from, through GraphQL, as users would. */
export class Seed {
  constructor(private readonly app: Pick<TestApp, 'as'>) {}

  /** Someone whom Heddle has not seen yet. */
  user(): Promise<TestClient> {
    return this.app.as(`user_${randomUUID()}`)
  }

  async organization(owner?: TestClient): Promise<Seeded> {
    const client = owner ?? (await this.user())
    const { createOrganization } = await client.must('CreateOrganization', { name: 'Acme' })
    return { id: createOrganization.organization.id, owner: client }
  }

  /** A new user with this role, which has accepted. */
  async member(organization: Seeded, role: OrganizationRole = 'MEMBER'): Promise<TestClient> {
    const member = await this.invited(organization, role)
    await member.must(ACCEPT_MEMBERSHIP, { organizationId: organization.id })
    return member
  }

  /** A new user who was added with this role, and has not said a word. */
  async invited(organization: Seeded, role: OrganizationRole = 'MEMBER'): Promise<TestClient> {
    const member = await this.user()
    const variables = { organizationId: organization.id, userId: member.userId, role }
    await organization.owner.must('AddOrganizationMember', variables)
    return member
  }

  /** A key of the user, made through the API. */
  async apiKey(user: TestClient, scopes: readonly string[], expiresAt?: Date) {
    const { createApiKey } = await user.must(CREATE_API_KEY, { input: { name: 'Test', scopes, expiresAt } })
    return {
      apiKey: createApiKey.apiKey,
      secret: createApiKey.secret,
      client: new TestClient(user.url, user.userId, { 'x-api-key': createApiKey.secret }),
    }
  }

  /** With a sandbox that was made for the organization, if its id is given. */
  async project(organization: Seeded, sandboxId?: string): Promise<Seeded> {
    if (sandboxId !== undefined) labelSandbox(sandboxId, organization.id)
    const input = { organizationId: organization.id, name: 'Website', sandboxId }
    const { createProject } = await organization.owner.must('CreateProject', { input })
    return { id: createProject.project.id, owner: organization.owner }
  }

  /** A thread of the organization's owner, or of `owner`, with this many messages. */
  async thread(
    options: {
      organization?: Seeded
      owner?: TestClient
      project?: Seeded
      messages?: number | readonly string[]
    } = {},
  ): Promise<SeededThread> {
    const organization = options.organization ?? (await this.organization(options.owner))
    const owner = options.owner ?? organization.owner
    const input = { organizationId: organization.id, projectId: options.project?.id, title: 'Plans' }
    const { createThread } = await owner.must('CreateThread', { input })
    const { id } = createThread.thread
    const messageIds = await this.messages({ id, owner }, options.messages ?? 0)
    return { id, owner, organizationId: organization.id, messageIds }
  }

  /** Appends messages: so many, or these texts. @returns their ids */
  async messages(thread: Seeded, messages: number | readonly string[]): Promise<string[]> {
    const texts =
      typeof messages === 'number'
        ? Array.from({ length: messages }, (_, index) => `message ${index} about topic ${index % 7}`)
        : messages
    const ids: string[] = []
    for (let start = 0; start < texts.length; start += 1_000) {
      const page = texts.slice(start, start + 1_000).map((content) => ({ role: 'USER', content }))
      const variables = { threadId: thread.id, messages: page }
      const { appendMessages } = await thread.owner.must('AppendMessages', variables)
      ids.push(...appendMessages.messages.map((message: { id: string }) => message.id))
    }
    return ids
  }

  async space(
    organization?: Seeded,
    accessMode?: 'PRIVATE' | 'ORGANIZATION' | 'PUBLIC',
  ): Promise<SeededSpace> {
    const { id: organizationId, owner } = organization ?? (await this.organization())
    const input = { organizationId, name: 'Knowledge', accessMode }
    const { createSpace } = await owner.must('CreateSpace', { input })
    return { id: createSpace.space.id, owner, organizationId }
  }

  /** A thread in a space, its messages still to be embedded. */
  async spaceWithThread({
    messages = 3,
  }: {
    messages?: number | readonly string[]
  } = {}): Promise<SeededLink> {
    const organization = await this.organization()
    const { owner } = organization
    const space = await this.space(organization)
    const thread = await this.thread({ organization, messages })
    const backfillId = await this.link(space, thread)
    return { owner, organization, space, thread, backfillId }
  }

  /** Adds the thread to the space. @returns the backfill's id */
  async link(space: Seeded, thread: Seeded): Promise<string> {
    const variables = { spaceId: space.id, threadId: thread.id }
    const { addThreadToSpace } = await space.owner.must('AddThreadToSpace', variables)
    return addThreadToSpace.backfill.id
  }

  /** A new user with this access to the space. */
  async grant(space: Seeded, role: SpaceRole): Promise<TestClient> {
    const user = await this.user()
    await space.owner.must('GrantSpaceAccess', { spaceId: space.id, userId: user.userId, role })
    return user
  }

  /** Resolves when the backfill has ended. @returns its last progress */
  async embedded(owner: TestClient, backfillId: string) {
    const subscription = owner.subscribe('BackfillProgress', { backfillId })
    try {
      const replies = await subscription.rest()
      const last = replies.at(-1)
      if (!last || last.errors) throw new Error(`The backfill cannot be watched: ${JSON.stringify(last)}`)
      return last.data.backfillProgress
    } finally {
      await subscription.stop()
    }
  }
}
