import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../../support/app.js'
import type { TestClient } from '../../support/client.js'
import { ACCEPT_MEMBERSHIP, IMPORT_THREADS, OPEN_PERSONAL_ORGANIZATION } from '../../support/documents.js'
import { expectInvariants } from '../../support/invariants.js'

let app: TestApp

beforeAll(async () => {
  app = await startTestApp()
})
afterAll(async () => {
  await expectInvariants(app.pool)
  await app[Symbol.asyncDispose]()
})

const INVALID = { code: 'VALIDATION_ERROR', status: 422 }

const create = (client: TestClient, input: Record<string, unknown>) => client.run('CreateThread', { input })

async function organizationsOf(client: TestClient): Promise<{ id: string; name: string }[]> {
  const { viewer } = await client.must('Viewer')
  return viewer.organizations.edges.map(({ node }: { node: unknown }) => node)
}

async function placeOf(client: TestClient, input: Record<string, unknown> = {}): Promise<string> {
  const { createThread } = await client.must('CreateThread', { input })
  return createThread.thread.organization.id
}

describe('a thread that names no organization', () => {
  test('goes to the personal one of its owner, the same for the next thread', async () => {
    const user = await app.seed.user()

    const first = await placeOf(user)

    expect(await placeOf(user)).toBe(first)
    const organizations = await organizationsOf(user)
    expect(organizations).toMatchObject([{ id: first, name: 'Personal', usage: { threads: 2 } }])
  })

  test.each(['OWNER', 'ADMIN', 'MEMBER', 'VIEWER'] as const)(
    'goes there from who is %s elsewhere, in one or in several',
    async (role) => {
      const [one, other] = [await app.seed.organization(), await app.seed.organization()]
      const user = await app.seed.member(one, role)
      const first = await placeOf(user)
      const variables = { organizationId: other.id, userId: user.userId, role }
      await other.owner.must('AddOrganizationMember', variables)
      await user.must(ACCEPT_MEMBERSHIP, { organizationId: other.id })

      expect(await placeOf(user)).toBe(first)
      expect([one.id, other.id]).not.toContain(first)
    },
  )

  test('goes there when its user was named as a member without being asked', async () => {
    const stranger = await app.seed.organization()
    const user = await app.seed.invited(stranger, 'MEMBER')

    const place = await placeOf(user)
    const { importThreads } = await user.must(IMPORT_THREADS, {
      threads: [{ id: `imported-${randomUUID()}`, messages: [] }],
    })

    expect(importThreads.results).toMatchObject([{ status: 'IMPORTED' }])
    expect(place).not.toBe(stranger.id)
    const { threads } = await stranger.owner.must('Threads', { organizationId: stranger.id })
    expect(threads.edges).toEqual([])
  })

  test('finds the organization that was opened before, which stands in the profile from then on', async () => {
    const user = await app.seed.user()
    const profile = '{ viewer { personalOrganization { id name } } }'
    expect(await user.must(profile)).toEqual({ viewer: { personalOrganization: null } })

    const { openPersonalOrganization } = await user.must(OPEN_PERSONAL_ORGANIZATION)

    const { organization } = openPersonalOrganization
    expect(await placeOf(user)).toBe(organization.id)
    expect(await user.must(profile)).toEqual({ viewer: { personalOrganization: organization } })
    expect(await user.must(OPEN_PERSONAL_ORGANIZATION)).toEqual({ openPersonalOrganization })
  })

  test('gets one organization with its twins when a user makes its first ones at once', async () => {
    const user = await app.seed.user()

    const places = await Promise.all(Array.from({ length: 8 }, () => placeOf(user)))

    expect(new Set(places).size).toBe(1)
    expect(await organizationsOf(user)).toMatchObject([{ id: places[0], usage: { threads: 8 } }])
    await expectInvariants(app.pool)
  })

  test('goes to the organization of its project, also with several to choose from', async () => {
    const organization = await app.seed.organization()
    await app.seed.organization(organization.owner)
    const project = await app.seed.project(organization)

    expect(await placeOf(organization.owner, { projectId: project.id })).toBe(organization.id)
  })
})

test('a thread and its project belong to one organization', async () => {
  const organization = await app.seed.organization()
  const project = await app.seed.project(organization)
  const other = await app.seed.organization(organization.owner)

  const reply = await create(organization.owner, { organizationId: other.id, projectId: project.id })

  const details = { projectId: project.id, organizationId: other.id }
  expect(reply).toFailWith({ ...INVALID, details })
})

test('an organization that is no id of one is refused as such, a foreign one and a foreign project as missing', async () => {
  const foreign = await app.seed.organization()
  const foreignProject = await app.seed.project(foreign)
  const user = await app.seed.user()
  const missing = { code: 'RESOURCE_NOT_FOUND', status: 404 }

  expect(await create(user, { organizationId: 'acme' })).toFailWith({
    ...INVALID,
    systemMessage: "Invalid organization_id format. Must start with 'org_'",
  })
  for (const organizationId of [foreign.id, 'org_none']) {
    const systemMessage = 'Organization not found'
    const details = { organizationId }
    expect(await create(user, { organizationId })).toFailWith({ ...missing, systemMessage, details })
  }
  for (const projectId of [foreignProject.id, 'proj_none']) {
    const systemMessage = 'Project not found'
    expect(await create(user, { projectId })).toFailWith({
      ...missing,
      systemMessage,
      details: { projectId },
    })
  }
  expect(await organizationsOf(user)).toEqual([])
})

describe('the id of a thread', () => {
  test('is kept when one is given', async () => {
    const { id: organizationId, owner } = await app.seed.organization()

    for (const id of [randomUUID(), `thrd_${randomUUID()}`, 'x'.repeat(128)]) {
      const { createThread } = await owner.must('CreateThread', { input: { organizationId, id } })
      expect(createThread.thread.id).toBe(id)
      expect((await owner.must('Thread', { id })).thread.id).toBe(id)
    }
  })

  test('is refused when it exists, whoever has it, and nothing else is told', async () => {
    const { id } = await app.seed.thread()
    const stranger = await app.seed.user()

    const reply = await create(stranger, { id })

    expect(reply).toFailWith({
      code: 'CONFLICT',
      status: 409,
      systemMessage: 'Thread id exists',
      details: { id },
    })
    expect(await organizationsOf(stranger)).toEqual([])
  })

  test('goes to one of many who want it at once', async () => {
    const { id: organizationId, owner } = await app.seed.organization()
    const input = { organizationId, id: `thrd_${randomUUID()}` }

    const replies = await Promise.all(Array.from({ length: 6 }, () => create(owner, input)))

    const refused = replies.filter(({ errors }) => errors)
    expect(refused).toHaveLength(5)
    for (const reply of refused) expect(reply).toFailWith({ code: 'CONFLICT' })
    await expectInvariants(app.pool)
  })

  test.each(['', 'with space', 'ünïcode', 'x'.repeat(129), 'nul\0'])('is refused as %j', async (id) => {
    expect(await create(await app.seed.user(), { id })).toFailWith(INVALID)
  })
})

describe('the title of a thread', () => {
  test('has up to 255 characters once the white space around it is cut', async () => {
    const { id: organizationId, owner } = await app.seed.organization()
    const title = 'x'.repeat(255)

    const { createThread } = await owner.must('CreateThread', {
      input: { organizationId, title: ` ${title}\n` },
    })

    expect(createThread.thread.title).toBe(title)
    expect(await create(owner, { organizationId, title: `${title}x` })).toFailWith({
      ...INVALID,
      systemMessage: 'Invalid title. It must have 0 to 255 characters.',
    })
  })
})
