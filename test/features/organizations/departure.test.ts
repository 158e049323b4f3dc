import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../../support/app.js'
import type { Reply, TestClient } from '../../support/client.js'
import { LEAVE_ORGANIZATION, REMOVE_MEMBER, UPDATE_MEMBER } from '../../support/documents.js'
import { expectInvariants } from '../../support/invariants.js'
import { expectSoundRest } from '../../support/rest.js'
import type { Seeded } from '../../support/seed.js'

/** How a membership ends, and what is left of it. */

let app: TestApp

beforeAll(async () => {
  app = await startTestApp()
})
afterAll(async () => {
  await expectSoundRest(app.pool)
  await app[Symbol.asyncDispose]()
})

const LAST_OWNER = { code: 'CONFLICT', status: 409, systemMessage: 'Last owner' }
const OWNERS_ONLY = { code: 'INSUFFICIENT_PERMISSIONS', systemMessage: 'Owner role required' }
const NO_ORGANIZATION = { code: 'RESOURCE_NOT_FOUND', systemMessage: 'Organization not found' }
const SPACE =
  'query ($id: ID!) { space(id: $id) { threadCount vectorCount threads { edges { node { id } } } } }'

const leave = (client: TestClient, { id }: Seeded) => client.run(LEAVE_ORGANIZATION, { organizationId: id })

const remove = (client: TestClient, { id }: Seeded, { userId }: Pick<TestClient, 'userId'>) =>
  client.run(REMOVE_MEMBER, { organizationId: id, userId })

const codeOf = ({ errors }: Reply) => errors?.[0]?.extensions.code ?? null

/** Each way in which a member goes. */
const WAYS: Record<string, (member: TestClient, organization: Seeded) => Promise<Reply>> = {
  'who leaves': (member, organization) => leave(member, organization),
  'who is removed': (member, organization) => remove(organization.owner, organization, member),
}

describe.each(Object.entries(WAYS))('%s', (_, go) => {
  test('finds nothing that it made there, which stays with the organization', async () => {
    const organization = await app.seed.organization()
    const member = await app.seed.member(organization)
    const thread = await app.seed.thread({ organization, owner: member, messages: 2 })
    const gone = await app.seed.thread({ organization, owner: member })
    const { deleteThread } = await member.must('DeleteThread', { threadId: gone.id, mode: 'SOFT' })
    const space = await app.seed.space({ id: organization.id, owner: member })
    const granted = await app.seed.space(organization)
    const grant = { spaceId: granted.id, userId: member.userId, role: 'OWNER' }
    await organization.owner.must('GrantSpaceAccess', grant)
    await app.seed.embedded(member, await app.seed.link(space, thread))

    expect((await go(member, organization)).errors).toBeUndefined()

    const calls: [string, Record<string, unknown>][] = [
      ['Thread', { id: thread.id }],
      ['AppendMessages', { threadId: thread.id, messages: [{ role: 'USER', content: 'more' }] }],
      ['DeleteThread', { threadId: thread.id }],
      ['RestoreThread', { threadId: gone.id }],
      ['Space', { id: space.id }],
      ['SearchSpace', { spaceId: space.id, query: 'topic' }],
      ['DeleteSpace', { spaceId: space.id }],
      ['Space', { id: granted.id }],
      ['Threads', { organizationId: organization.id }],
      ['CreateThread', { input: { organizationId: organization.id } }],
    ]
    for (const [name, variables] of calls) {
      expect([name, codeOf(await member.run(name, variables))]).toEqual([name, 'RESOURCE_NOT_FOUND'])
    }
    const unasked = `{ threads(includeDeleted: true) { edges { node { id } } totalCount } spaces { edges { node { id } } }
      searchThreads(query: "topic") { edges { node { id } } } viewer { memberships { edges { node { role } } } } }`
    expect(await member.must(unasked)).toEqual({
      threads: { edges: [], totalCount: 0 },
      spaces: { edges: [] },
      searchThreads: { edges: [] },
      viewer: { memberships: { edges: [] } },
    })
    expect((await member.must('DeleteAllThreads')).deleteAllThreads.deleted).toBe(0)
    expect(deleteThread.status).toBe('SUCCESS')
    const { owner } = organization
    expect((await owner.must('Thread', { id: thread.id })).thread.messageCount).toBe(2)
    expect((await owner.must('Space', { id: space.id })).space.threadCount).toBe(1)
  })

  test('restores nothing with the deletion that it made before', async () => {
    const organization = await app.seed.organization()
    const member = await app.seed.member(organization)
    await app.seed.thread({ organization, owner: member })
    const elsewhere = await app.seed.thread({ owner: member })
    const { deleteAllThreads } = await member.must('DeleteAllThreads')

    await go(member, organization)

    const { restoreThreads } = await member.must('RestoreThreads', { batchId: deleteAllThreads.batchId })
    expect(restoreThreads.restored).toBe(1)
    expect((await member.must('Thread', { id: elsewhere.id })).thread.deletedAt).toBeNull()
    await expectInvariants(app.pool)
  })

  test('takes its links over the border of the organization with it, both ways, and no others', async () => {
    const organization = await app.seed.organization()
    const member = await app.seed.member(organization, 'ADMIN')
    const home = await app.seed.organization(member)
    const [ours, own] = [await app.seed.space(organization), await app.seed.space(home)]
    const shared = await app.seed.thread({ organization, owner: member, messages: 2 })
    const personal = await app.seed.thread({ organization: home, messages: 3 })
    for (const space of [ours, own]) {
      for (const thread of [shared, personal]) {
        await app.seed.embedded(member, await app.seed.link({ ...space, owner: member }, thread))
      }
    }

    await go(member, organization)

    const left = async (client: TestClient, { id }: Seeded) => (await client.must(SPACE, { id })).space
    expect(await left(organization.owner, ours)).toMatchObject({
      threadCount: 1,
      vectorCount: 2,
      threads: { edges: [{ node: { id: shared.id } }] },
    })
    expect(await left(member, own)).toMatchObject({
      threadCount: 1,
      vectorCount: 3,
      threads: { edges: [{ node: { id: personal.id } }] },
    })
    await expectSoundRest(app.pool)
  })

  test('watches no space of it any longer', async () => {
    const organization = await app.seed.organization()
    const member = await app.seed.member(organization)
    const space = await app.seed.space(organization, 'ORGANIZATION')
    app.embedder.pause()
    await app.seed.link(space, await app.seed.thread({ organization, messages: 3 }))
    const watching = member.subscribe('SpaceBackfillProgress', { spaceId: space.id })
    expect((await watching.next())?.errors).toBeUndefined()

    await go(member, organization)

    expect((await watching.rest()).at(-1)).toFailWith({ code: 'RESOURCE_NOT_FOUND' })
    app.embedder.resume()
  })
})

describe('an owner', () => {
  test('that is the last one who has accepted neither leaves nor is removed nor lowered', async () => {
    const organization = await app.seed.organization()
    const { owner } = organization
    await app.seed.invited(organization, 'OWNER')
    const lowered = { organizationId: organization.id, userId: owner.userId, role: 'ADMIN' }

    for (const reply of [
      await leave(owner, organization),
      await remove(owner, organization, owner),
      await owner.run(UPDATE_MEMBER, lowered),
    ]) {
      expect(reply).toFailWith(LAST_OWNER)
    }
  })

  test('is removed and lowered by owners only', async () => {
    const organization = await app.seed.organization()
    const other = await app.seed.member(organization, 'OWNER')
    const admin = await app.seed.member(organization, 'ADMIN')
    const lowered = { organizationId: organization.id, userId: other.userId, role: 'MEMBER' }

    expect(await remove(admin, organization, other)).toFailWith(OWNERS_ONLY)
    expect(await admin.run(UPDATE_MEMBER, lowered)).toFailWith(OWNERS_ONLY)
    expect((await organization.owner.run(UPDATE_MEMBER, lowered)).errors).toBeUndefined()
  })

  test('stays when all of them leave at once', async () => {
    for (let round = 0; round < 5; round++) {
      const organization = await app.seed.organization()
      const owners = [organization.owner, await app.seed.member(organization, 'OWNER')]

      const replies = await Promise.all(owners.map((owner) => leave(owner, organization)))

      expect(replies.map(codeOf).sort()).toEqual(['CONFLICT', null])
    }
  })

  test('of a personal organization stays there, also beside other owners', async () => {
    const user = await app.seed.user()
    const { createThread } = await user.must('CreateThread', { input: {} })
    const personal = { id: createThread.thread.organization.id, owner: user }
    const other = await app.seed.member(personal, 'OWNER')

    for (const reply of [await leave(user, personal), await remove(other, personal, user)]) {
      expect(reply).toFailWith({ code: 'CONFLICT', systemMessage: 'Personal organization' })
    }
  })
})

test('nobody is removed or changed who is no member, or by who is none', async () => {
  const organization = await app.seed.organization()
  const [member, stranger] = [await app.seed.member(organization), await app.seed.user()]
  const missing = { code: 'RESOURCE_NOT_FOUND', systemMessage: 'Member not found' }
  const change = { organizationId: organization.id, userId: stranger.userId, role: 'ADMIN' }

  expect(await remove(organization.owner, organization, stranger)).toFailWith(missing)
  expect(await organization.owner.run(UPDATE_MEMBER, change)).toFailWith(missing)
  expect(await remove(stranger, organization, member)).toFailWith(NO_ORGANIZATION)
  expect(await leave(stranger, organization)).toFailWith(NO_ORGANIZATION)
})

test('no link over the border is left when its owner leaves while it is made', async () => {
  for (let round = 0; round < 5; round++) {
    const organization = await app.seed.organization()
    const member = await app.seed.member(organization)
    const home = await app.seed.organization(member)
    const space = await app.seed.space(home)
    const thread = await app.seed.thread({ organization, owner: member, messages: 1 })

    await Promise.all([
      member.run('AddThreadToSpace', { spaceId: space.id, threadId: thread.id }),
      leave(member, organization),
    ])

    expect((await member.must('Space', { id: space.id })).space.threadCount).toBe(0)
  }
  await expectInvariants(app.pool)
})
