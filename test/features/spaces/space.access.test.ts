import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../../support/app.js'
import type { TestClient } from '../../support/client.js'
import { expectSoundRest } from '../../support/rest.js'

let app: TestApp

beforeAll(async () => {
  app = await startTestApp()
})
afterEach(() => expectSoundRest(app.pool))
afterAll(() => app[Symbol.asyncDispose]())

const GRANTS = `query ($id: ID!) {
  space(id: $id) { viewerCanEdit grants { user { id } organizationRole role } }
}`
const ROLE_ARGUMENTS = '$spaceId: ID!, $organizationRole: OrganizationRole!'
const GRANT_TO_ROLE = `mutation (${ROLE_ARGUMENTS}, $role: SpaceRole!) {
  grantSpaceAccessToRole(spaceId: $spaceId, organizationRole: $organizationRole, role: $role) { space { id } }
}`
const REVOKE_FROM_ROLE = `mutation (${ROLE_ARGUMENTS}) {
  revokeSpaceAccessFromRole(spaceId: $spaceId, organizationRole: $organizationRole) { space { id } }
}`

const NOT_FOUND = { code: 'RESOURCE_NOT_FOUND', status: 404, systemMessage: 'Space not found' }
const MANAGE_REQUIRED = {
  code: 'INSUFFICIENT_PERMISSIONS',
  status: 403,
  systemMessage: 'Manage access required',
}

async function sees(client: TestClient, spaceId: string): Promise<boolean> {
  const reply = await client.run('Space', { id: spaceId })
  if (reply.errors) expect(reply).toFailWith(NOT_FOUND)
  return !reply.errors
}

async function grantsOf(client: TestClient, id: string) {
  return (await client.must(GRANTS, { id })).space.grants
}

test('access that is given before the first request holds from the first request on', async () => {
  const organization = await app.seed.organization()
  const space = await app.seed.space(organization)
  const editor = await app.seed.user()
  const named = { user: { id: editor.userId }, organizationRole: null, role: 'EDITOR' }

  await space.owner.must('GrantSpaceAccess', { spaceId: space.id, userId: editor.userId, role: 'EDITOR' })

  expect(await grantsOf(space.owner, space.id)).toEqual([named])
  expect((await editor.must(GRANTS, { id: space.id })).space).toEqual({
    viewerCanEdit: true,
    grants: [named],
  })
  const { spaces } = await editor.must('{ spaces { edges { node { id } } } }')
  expect(spaces.edges).toEqual([{ node: { id: space.id } }])
})

test('a second grant changes the first', async () => {
  const space = await app.seed.space()
  const user = await app.seed.grant(space, 'EDITOR')

  await space.owner.must('GrantSpaceAccess', { spaceId: space.id, userId: user.userId, role: 'VIEWER' })

  expect(await grantsOf(space.owner, space.id)).toHaveLength(1)
  expect((await user.must(GRANTS, { id: space.id })).space).toEqual({ viewerCanEdit: false, grants: null })
})

test('many grants to one user at once are one grant', async () => {
  const space = await app.seed.space()
  const user = await app.seed.user()
  const variables = { spaceId: space.id, userId: user.userId, role: 'EDITOR' }

  await Promise.all(Array.from({ length: 6 }, () => space.owner.must('GrantSpaceAccess', variables)))

  expect(await grantsOf(space.owner, space.id)).toHaveLength(1)
})

test('access that is taken back is gone, and taking it back again is no error', async () => {
  const { owner, space } = await app.seed.spaceWithThread()
  const user = await app.seed.grant(space, 'EDITOR')
  const revocation = { spaceId: space.id, userId: user.userId }
  expect(await sees(user, space.id)).toBe(true)

  await owner.must('RevokeSpaceAccess', revocation)
  const again = await owner.must('RevokeSpaceAccess', revocation)

  expect(again).toEqual({ revokeSpaceAccess: { space: { id: space.id } } })
  expect(await sees(user, space.id)).toBe(false)
  expect(await user.run('SearchSpace', { spaceId: space.id, query: 'topic' })).toFailWith(NOT_FOUND)
})

test('a grant to a role is for whoever has it, until it is taken back', async () => {
  const organization = await app.seed.organization()
  const space = await app.seed.space(organization)
  const [member, viewer] = [
    await app.seed.member(organization),
    await app.seed.member(organization, 'VIEWER'),
  ]
  const role = { spaceId: space.id, organizationRole: 'VIEWER' }

  await organization.owner.must(GRANT_TO_ROLE, { ...role, role: 'EDITOR' })

  expect((await viewer.must(GRANTS, { id: space.id })).space).toEqual({
    viewerCanEdit: true,
    grants: [{ user: null, organizationRole: 'VIEWER', role: 'EDITOR' }],
  })
  expect(await sees(member, space.id)).toBe(false)
  await organization.owner.must(REVOKE_FROM_ROLE, role)
  await organization.owner.must(REVOKE_FROM_ROLE, role)
  expect(await sees(viewer, space.id)).toBe(false)
})

describe('who sees a space without a grant:', () => {
  test.each([
    ['PRIVATE', { ADMIN: true, MEMBER: false, VIEWER: false, stranger: false }],
    ['ORGANIZATION', { ADMIN: true, MEMBER: true, VIEWER: true, stranger: false }],
    ['PUBLIC', { ADMIN: true, MEMBER: true, VIEWER: true, stranger: true }],
  ] as const)('%s', async (accessMode, expected) => {
    const organization = await app.seed.organization()
    const creator = await app.seed.member(organization)
    const space = await app.seed.space({ id: organization.id, owner: creator }, accessMode)

    const seen = {
      ADMIN: await sees(await app.seed.member(organization, 'ADMIN'), space.id),
      MEMBER: await sees(await app.seed.member(organization, 'MEMBER'), space.id),
      VIEWER: await sees(await app.seed.member(organization, 'VIEWER'), space.id),
      stranger: await sees(await app.seed.user(), space.id),
    }

    expect(seen).toEqual(expected)
    expect(await sees(creator, space.id)).toBe(true)
    expect(await app.anonymous().run('Space', { id: space.id })).toFailWith({
      code: 'UNAUTHENTICATED',
      status: 401,
    })
  })
})

describe('only who manages a space gives and takes access, or deletes it:', () => {
  test.each([
    ['an OWNER of it may', 'OWNER', true],
    ['an EDITOR of it may not', 'EDITOR', false],
    ['a VIEWER of it may not', 'VIEWER', false],
  ] as const)('%s', async (_, role, isAllowed) => {
    const space = await app.seed.space()
    const caller = await app.seed.grant(space, role)
    const grant = { spaceId: space.id, userId: 'user_somebody' }
    const toRole = { spaceId: space.id, organizationRole: 'MEMBER' }

    const replies = [
      await caller.run('GrantSpaceAccess', { ...grant, role: 'VIEWER' }),
      await caller.run('RevokeSpaceAccess', grant),
      await caller.run(GRANT_TO_ROLE, { ...toRole, role: 'VIEWER' }),
      await caller.run(REVOKE_FROM_ROLE, toRole),
      await caller.run('DeleteSpace', { spaceId: space.id }),
    ]

    for (const reply of replies) {
      if (isAllowed) expect(reply.errors).toBeUndefined()
      else expect(reply).toFailWith({ ...MANAGE_REQUIRED, details: { spaceId: space.id } })
    }
  })
})
