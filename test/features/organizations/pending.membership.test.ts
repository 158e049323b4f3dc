import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../../support/app.js'
import type { Json, TestClient } from '../../support/client.js'
import { ACCEPT_MEMBERSHIP, DECLINE_MEMBERSHIP, IMPORT_THREADS } from '../../support/documents.js'
import { expectInvariants } from '../../support/invariants.js'
import type { Seeded } from '../../support/seed.js'

/** A membership that its user has not accepted: what it is good for, and what it is not. */

let app: TestApp

beforeAll(async () => {
  app = await startTestApp()
})
afterAll(async () => {
  await expectInvariants(app.pool)
  await app[Symbol.asyncDispose]()
})

const UNASKED = `{
  viewer { organizations { edges { node { id } } } }
  threads(first: 100) { edges { node { id } } totalCount }
  deleted: threads(first: 100, includeDeleted: true) { edges { node { id } } totalCount }
  spaces(first: 100) { edges { node { id } } }
  searchThreads(query: "topic") { edges { node { id } } }
}`
const MEMBERSHIPS = `{ viewer { memberships { edges { node {
  status role acceptedAt organization { id name } user { id } invitedBy { id }
} } } } }`
const MEMBERS = `query ($id: ID!) { threads(organizationId: $id, first: 1) { edges { node { organization {
  members { edges { node { role status user { id } } } }
} } } } }`

const idsOf = ({ edges }: Json): string[] => edges.map(({ node }: Json) => node.id)

/** What comes to the user without naming anything. */
async function unasked(client: TestClient) {
  const data = await client.must(UNASKED)
  return {
    organizations: idsOf(data.viewer.organizations),
    threads: idsOf(data.threads),
    deleted: idsOf(data.deleted),
    counts: [data.threads.totalCount, data.deleted.totalCount],
    spaces: idsOf(data.spaces),
    found: idsOf(data.searchThreads),
  }
}

async function stranger() {
  const organization = await app.seed.organization()
  const thread = await app.seed.thread({ organization, messages: 2 })
  const gone = await app.seed.thread({ organization, messages: 2 })
  await organization.owner.must('DeleteThread', { threadId: gone.id, mode: 'SOFT' })
  const space = await app.seed.space(organization, 'ORGANIZATION')
  return { organization, thread, gone, space }
}

const NOTHING = { organizations: [], threads: [], deleted: [], counts: [0, 0], spaces: [], found: [] }

describe('a pending membership', () => {
  test('brings nothing of the organization to who was not asked, until it is accepted', async () => {
    const { organization, thread, gone, space } = await stranger()
    const user = await app.seed.invited(organization, 'ADMIN')

    expect(await unasked(user)).toEqual(NOTHING)
    await user.must(ACCEPT_MEMBERSHIP, { organizationId: organization.id })

    expect(await unasked(user)).toEqual({
      organizations: [organization.id],
      threads: [thread.id],
      deleted: [gone.id, thread.id],
      counts: [1, 2],
      spaces: [space.id],
      found: [thread.id],
    })
  })

  test('counts where its user names the organization, or something in it', async () => {
    const { organization, thread, space } = await stranger()
    const user = await app.seed.invited(organization, 'ADMIN')
    const named = await user.must(
      `query ($id: ID!, $threadId: ID!, $spaceId: ID!) {
        threads(organizationId: $id) { edges { node { id } } totalCount }
        spaces(organizationId: $id) { edges { node { id } } }
        searchThreads(query: "topic", organizationId: $id) { edges { node { id } } }
        thread(id: $threadId) { id messageCount organization { usage { threads } } }
        space(id: $spaceId) { id }
      }`,
      { id: organization.id, threadId: thread.id, spaceId: space.id },
    )
    expect(named).toMatchObject({
      threads: { edges: [{ node: { id: thread.id } }], totalCount: 1 },
      spaces: { edges: [{ node: { id: space.id } }] },
      searchThreads: { edges: [{ node: { id: thread.id } }] },
      thread: { messageCount: 2, organization: { usage: { threads: 1 } } },
    })

    const own = await app.seed.thread({ organization, owner: user, messages: ['a topic of mine'] })

    expect(await unasked(user)).toEqual({
      ...NOTHING,
      threads: [own.id],
      deleted: [own.id],
      counts: [1, 1],
      found: [own.id],
    })
    expect((await user.must('DeleteAllThreads')).deleteAllThreads.deleted).toBe(1)
  })

  test('is in viewer.memberships with who invited, and in the members of the organization', async () => {
    const { organization } = await stranger()
    const user = await app.seed.invited(organization, 'VIEWER')
    const pending = {
      status: 'PENDING',
      role: 'VIEWER',
      acceptedAt: null,
      user: { id: user.userId },
      organization: { id: organization.id, name: 'Acme' },
      invitedBy: { id: organization.owner.userId },
    }

    const { viewer } = await user.must(MEMBERSHIPS)
    expect(viewer.memberships.edges).toEqual([{ node: pending }])

    await user.must(ACCEPT_MEMBERSHIP, { organizationId: organization.id })
    const accepted = (await user.must(MEMBERSHIPS)).viewer.memberships.edges[0].node
    expect(accepted).toEqual({ ...pending, status: 'ACCEPTED', acceptedAt: expect.any(String) })
    const { threads } = await organization.owner.must(MEMBERS, { id: organization.id })
    expect(threads.edges[0].node.organization.members.edges).toEqual([
      { node: { role: 'VIEWER', status: 'ACCEPTED', user: { id: user.userId } } },
      { node: { role: 'OWNER', status: 'ACCEPTED', user: { id: organization.owner.userId } } },
    ])
  })

  test('gives its user no thread by an import', async () => {
    const { organization } = await stranger()
    const user = await app.seed.invited(organization)
    const thread = { id: `imported-${user.userId}`, ownerId: user.userId, messages: [] }

    await organization.owner.must(IMPORT_THREADS, { organizationId: organization.id, threads: [thread] })

    expect(await unasked(user)).toEqual(NOTHING)
    expect((await user.must('DeleteAllThreads')).deleteAllThreads.deleted).toBe(0)
  })

  test('keeps its state when it gets another role', async () => {
    const { organization } = await stranger()
    const user = await app.seed.invited(organization, 'VIEWER')
    const again = { organizationId: organization.id, userId: user.userId, role: 'MEMBER' }

    await organization.owner.must('AddOrganizationMember', again)

    const { viewer } = await user.must(MEMBERSHIPS)
    expect(viewer.memberships.edges).toMatchObject([{ node: { status: 'PENDING', role: 'MEMBER' } }])
  })

  test('of an OWNER does not keep the organization owned', async () => {
    const { organization } = await stranger()
    await app.seed.invited(organization, 'OWNER')
    const lowered = { organizationId: organization.id, userId: organization.owner.userId, role: 'MEMBER' }

    const reply = await organization.owner.run('AddOrganizationMember', lowered)

    expect(reply).toFailWith({ code: 'CONFLICT', systemMessage: 'Last owner' })
  })
})

describe('an invitation', () => {
  test('is accepted twice as once, and declined no more', async () => {
    const { organization } = await stranger()
    const user = await app.seed.invited(organization)
    const variables = { organizationId: organization.id }

    const first = await user.must(ACCEPT_MEMBERSHIP, variables)
    expect(await user.must(ACCEPT_MEMBERSHIP, variables)).toEqual(first)

    const reply = await user.run(DECLINE_MEMBERSHIP, variables)
    expect(reply).toFailWith({ code: 'CONFLICT', systemMessage: 'Membership accepted' })
  })

  test('that is declined is gone, and may be made again', async () => {
    const { organization, thread } = await stranger()
    const user = await app.seed.invited(organization)
    const variables = { organizationId: organization.id }

    expect(await user.must(DECLINE_MEMBERSHIP, variables)).toEqual({ declineMembership: variables })

    const missing = { code: 'RESOURCE_NOT_FOUND', systemMessage: 'Membership not found' }
    expect(await user.run(ACCEPT_MEMBERSHIP, variables)).toFailWith(missing)
    expect(await user.run(DECLINE_MEMBERSHIP, variables)).toFailWith(missing)
    expect((await user.run('Thread', { id: thread.id })).errors).toHaveLength(1)
    const again = { ...variables, userId: user.userId, role: 'MEMBER' }
    await organization.owner.must('AddOrganizationMember', again)
    expect((await user.run(ACCEPT_MEMBERSHIP, variables)).errors).toBeUndefined()
  })

  test('is accepted or declined, never both, when both come at once', async () => {
    for (let round = 0; round < 5; round++) {
      const organization: Seeded = await app.seed.organization()
      const user = await app.seed.invited(organization)
      const variables = { organizationId: organization.id }

      const [accepted, declined] = await Promise.all([
        user.run(ACCEPT_MEMBERSHIP, variables),
        user.run(DECLINE_MEMBERSHIP, variables),
      ])

      expect([accepted, declined].filter(({ errors }) => errors)).toHaveLength(1)
      const { organizations } = await unasked(user)
      expect(organizations).toEqual(accepted.errors ? [] : [organization.id])
    }
  })
})
