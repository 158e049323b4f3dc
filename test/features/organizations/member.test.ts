import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../../support/app.js'
import type { TestClient } from '../../support/client.js'
import { expectInvariants } from '../../support/invariants.js'
import type { Seeded } from '../../support/seed.js'

let app: TestApp

beforeAll(async () => {
  app = await startTestApp()
})
afterAll(async () => {
  await expectInvariants(app.pool)
  await app[Symbol.asyncDispose]()
})

const INVALID = { code: 'VALIDATION_ERROR', status: 422 }
const OWNERS_ONLY = { code: 'INSUFFICIENT_PERMISSIONS', status: 403, systemMessage: 'Owner role required' }
const LAST_OWNER = { code: 'CONFLICT', status: 409, systemMessage: 'Last owner' }

const setRole = (client: TestClient, { id: organizationId }: Seeded, userId: string | null, role: string) =>
  client.run('AddOrganizationMember', { organizationId, userId, role })

async function rolesOf({ id }: Seeded): Promise<Record<string, string>> {
  const { rows } = await app.pool.query('select user_id, role from member where organization_id = $1', [id])
  return Object.fromEntries(rows.map(({ user_id, role }) => [user_id, role]))
}

describe('an organization', () => {
  test('belongs to who makes it, beside those that it has', async () => {
    const user = await app.seed.user()
    const first = await app.seed.organization(user)
    const second = await app.seed.organization(user)

    const { viewer } = await user.must('Viewer')

    expect(viewer.organizations.edges.map(({ node }: { node: Seeded }) => node.id)).toEqual([
      second.id,
      first.id,
    ])
    expect(await rolesOf(first)).toEqual({ [user.userId as string]: 'OWNER' })
  })

  test.each([
    ['x', 'x'],
    [' x ', 'x'],
    ['é'.repeat(255), 'é'.repeat(255)],
  ])('has a name of 1 to 255 characters: %s', async (name, stored) => {
    const { createOrganization } = await (await app.seed.user()).must('CreateOrganization', { name })

    expect(createOrganization.organization.name).toBe(stored)
  })

  test.each(['', '  ', 'x'.repeat(256)])('is not made with the name %j', async (name) => {
    const systemMessage = 'Invalid name. It must have 1 to 255 characters.'
    expect(await (await app.seed.user()).run('CreateOrganization', { name })).toFailWith({
      ...INVALID,
      systemMessage,
    })
  })
})

describe('a member', () => {
  test('is named before its first request, and finds what it was given', async () => {
    const organization = await app.seed.organization()
    const thread = await app.seed.thread({ organization })
    const userId = `auth0|${randomUUID()}`

    const { data } = await setRole(organization.owner, organization, userId, 'VIEWER')

    expect(data.addOrganizationMember.member).toEqual({ user: { id: userId }, role: 'VIEWER' })
    const user = await app.as(userId, { name: 'Ada', email: 'ada@example.com' })
    expect((await user.must('Thread', { id: thread.id })).thread.id).toBe(thread.id)
    expect(await user.must('{ viewer { id name email } }')).toEqual({
      viewer: { id: userId, name: 'Ada', email: 'ada@example.com' },
    })
  })

  test('that is added again gets the new role, at once', async () => {
    const organization = await app.seed.organization()
    const member = await app.seed.member(organization, 'VIEWER')
    const input = { organizationId: organization.id }
    expect(await member.run('CreateThread', { input })).toFailWith({
      code: 'INSUFFICIENT_PERMISSIONS',
      systemMessage: 'Write access required',
    })

    await setRole(organization.owner, organization, member.userId, 'MEMBER')

    expect((await member.run('CreateThread', { input })).errors).toBeUndefined()
    expect(await rolesOf(organization)).toMatchObject({ [member.userId as string]: 'MEMBER' })
  })

  test.each(['', 'two words', 'x'.repeat(129), 'ü'])('is not added with the id %j', async (userId) => {
    const organization = await app.seed.organization()

    expect(await setRole(organization.owner, organization, userId, 'MEMBER')).toFailWith(INVALID)
  })

  test('is not told who has an organization that it is not in', async () => {
    const organization = await app.seed.organization()
    const stranger = await app.seed.user()
    for (const id of [organization.id, 'org_none']) {
      expect(await setRole(stranger, { id, owner: stranger }, stranger.userId, 'OWNER')).toFailWith({
        code: 'RESOURCE_NOT_FOUND',
        systemMessage: 'Organization not found',
      })
    }
    const systemMessage = "Invalid organization_id format. Must start with 'org_'"
    const reply = await setRole(stranger, { id: 'acme', owner: stranger }, 'user_1', 'OWNER')
    expect(reply).toFailWith({ ...INVALID, systemMessage })
  })
})

describe('an owner', () => {
  test('is made and lowered by owners, not by an ADMIN', async () => {
    const organization = await app.seed.organization()
    const admin = await app.seed.member(organization, 'ADMIN')
    const other = await app.seed.member(organization, 'OWNER')

    for (const userId of [admin.userId, 'user_new']) {
      expect(await setRole(admin, organization, userId, 'OWNER')).toFailWith(OWNERS_ONLY)
    }
    for (const role of ['OWNER', 'ADMIN', 'VIEWER']) {
      expect(await setRole(admin, organization, other.userId, role)).toFailWith(OWNERS_ONLY)
    }
    expect((await setRole(admin, organization, 'user_helper', 'ADMIN')).errors).toBeUndefined()
    expect((await setRole(other, organization, organization.owner.userId, 'VIEWER')).errors).toBeUndefined()
    expect(await rolesOf(organization)).toEqual({
      [admin.userId as string]: 'ADMIN',
      [other.userId as string]: 'OWNER',
      [organization.owner.userId as string]: 'VIEWER',
      user_helper: 'ADMIN',
    })
  })

  test('stays while it is the last one', async () => {
    const organization = await app.seed.organization()
    const { userId } = organization.owner

    const reply = await setRole(organization.owner, organization, userId, 'ADMIN')

    expect(reply).toFailWith({ ...LAST_OWNER, details: { organizationId: organization.id, userId } })
    expect((await setRole(organization.owner, organization, userId, 'OWNER')).errors).toBeUndefined()
  })

  test('stays too when all owners lower one another, or themselves, at once', async () => {
    for (let round = 0; round < 5; round++) {
      const organization = await app.seed.organization()
      const owners = [
        organization.owner,
        await app.seed.member(organization, 'OWNER'),
        await app.seed.member(organization, 'OWNER'),
      ]

      const replies = await Promise.all(
        owners.map((owner, index) =>
          setRole(owner, organization, owners[(index + (round % 2)) % 3]?.userId ?? null, 'MEMBER'),
        ),
      )

      const codes = replies.flatMap(({ errors }) => errors?.map(({ extensions }) => extensions.code) ?? [])
      expect(codes.length).toBeGreaterThan(0)
      expect(codes.every((code) => ['CONFLICT', 'INSUFFICIENT_PERMISSIONS'].includes(code))).toBe(true)
      expect(Object.values(await rolesOf(organization))).toContain('OWNER')
    }
    await expectInvariants(app.pool)
  })
})
