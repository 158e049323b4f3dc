import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../../support/app.js'
import type { Reply, TestClient } from '../../support/client.js'
import { GRANT_TO_ROLE } from '../../support/documents.js'
import { expectInvariants } from '../../support/invariants.js'
import type { Seeded, SeededThread } from '../../support/seed.js'

/** Every way to come to a space: its mode, what one is in its organization, and what one was given. */

const MODES = ['PRIVATE', 'ORGANIZATION', 'PUBLIC'] as const
const ROLES = ['creator', 'OWNER', 'ADMIN', 'MEMBER', 'VIEWER', 'outsider'] as const
const GRANTS = ['VIEWER', 'EDITOR', 'OWNER'] as const

type Mode = (typeof MODES)[number]
type Role = (typeof ROLES)[number]
type Grant = { to: 'nobody' } | { to: 'user' | 'role'; role: (typeof GRANTS)[number] }
type Level = 'nothing' | 'read' | 'edit' | 'manage'

interface Caller {
  client: TestClient
  /** its own, of its own organization */
  thread: SeededThread
}

let app: TestApp
let organization: Seeded
let callers: Record<Role, Caller>

beforeAll(async () => {
  app = await startTestApp({ timings: { backfill: { parallel: 0 } } })
  organization = await app.seed.organization()
  const entries = ROLES.map(async (role) => [role, await caller(role)] as const)
  callers = Object.fromEntries(await Promise.all(entries)) as Record<Role, Caller>
})
afterAll(() => app[Symbol.asyncDispose]())

async function caller(role: Role): Promise<Caller> {
  const client =
    role === 'outsider'
      ? await app.seed.user()
      : await app.seed.member(organization, role === 'creator' ? 'MEMBER' : role)
  return { client, thread: await app.seed.thread({ owner: client, messages: 1 }) }
}

/** The most that a caller may do, as the rules say it. */
function levelOf(mode: Mode, role: Role, grant: Grant): Level {
  const isMember = role !== 'outsider'
  if (role === 'creator' || role === 'OWNER' || role === 'ADMIN') return 'manage'
  // A role of the organization is nothing that somebody outside of it could have.
  if (grant.to === 'user' || (grant.to === 'role' && isMember)) {
    return ({ OWNER: 'manage', EDITOR: 'edit', VIEWER: 'read' } as const)[grant.role]
  }
  return mode === 'PUBLIC' || (mode === 'ORGANIZATION' && isMember) ? 'read' : 'nothing'
}

const DONE = 'done'
const MISSING = 'RESOURCE_NOT_FOUND Space not found'
const refused = (access: 'Edit' | 'Manage') => `INSUFFICIENT_PERMISSIONS ${access} access required`

const SAYS: Record<Level, Record<'read' | 'search' | 'add' | 'manage', string>> = {
  nothing: { read: MISSING, search: MISSING, add: MISSING, manage: MISSING },
  read: { read: DONE, search: DONE, add: refused('Edit'), manage: refused('Manage') },
  edit: { read: DONE, search: DONE, add: DONE, manage: refused('Manage') },
  manage: { read: DONE, search: DONE, add: DONE, manage: DONE },
}

const saidBy = ({ errors }: Reply): string =>
  errors?.[0] ? `${errors[0].extensions.code} ${errors[0].extensions.systemMessage}` : DONE

async function spaceFor(mode: Mode, role: Role, grant: Grant): Promise<string> {
  const { client: owner } = callers.creator
  const { id: spaceId } = await app.seed.space({ id: organization.id, owner }, mode)
  if (grant.to === 'user') {
    const userId = callers[role].client.userId
    await owner.must('GrantSpaceAccess', { spaceId, userId, role: grant.role })
  } else if (grant.to === 'role') {
    // What an outsider is given so is given to members.
    const organizationRole = role === 'outsider' || role === 'creator' ? 'MEMBER' : role
    await owner.must(GRANT_TO_ROLE, { spaceId, organizationRole, role: grant.role })
  }
  return spaceId
}

const ALL_GRANTS: Grant[] = [
  { to: 'nobody' },
  ...GRANTS.flatMap((role): Grant[] => [
    { to: 'user', role },
    { to: 'role', role },
  ]),
]

describe.each(MODES)('in a %s space', (mode) => {
  test.each(ROLES)('%s may do what its role and its grants say, and no more', async (role) => {
    const { client, thread } = callers[role]
    const [said, expected]: Record<string, unknown>[] = [{}, {}]
    for (const grant of ALL_GRANTS) {
      const spaceId = await spaceFor(mode, role, grant)
      const level = levelOf(mode, role, grant)
      const name = JSON.stringify(grant)
      const read = await client.run('Space', { id: spaceId })
      const isListed = (
        await client.must('{ spaces(first: 100) { edges { node { id } } } }')
      ).spaces.edges.some((edge: { node: { id: string } }) => edge.node.id === spaceId)
      ;(said as Record<string, unknown>)[name] = {
        read: saidBy(read),
        search: saidBy(await client.run('SearchSpace', { spaceId, query: 'topic' })),
        add: saidBy(await client.run('AddThreadToSpace', { spaceId, threadId: thread.id })),
        manage: saidBy(await client.run('DeleteSpace', { spaceId })),
        canEdit: read.data?.space?.viewerCanEdit ?? false,
        isListed,
      }
      ;(expected as Record<string, unknown>)[name] = {
        ...SAYS[level],
        canEdit: level === 'edit' || level === 'manage',
        // A PUBLIC space elsewhere is found by who knows of it, and listed to nobody who was not given it.
        isListed: level !== 'nothing' && (role !== 'outsider' || grant.to === 'user'),
      }
    }

    expect(said).toEqual(expected)
    await expectInvariants(app.pool)
  })
})

/** What one is to a thread, and whether it is of the space's organization. */
const THREADS: Record<
  string,
  { organization: 'same' | 'other'; access: 'none' | 'read' | 'write' | 'own'; says: string }
> = {
  'the caller’s own, of the same organization': { organization: 'same', access: 'own', says: DONE },
  'the caller’s own, of another': { organization: 'other', access: 'own', says: DONE },
  'one it may write, of the same organization': { organization: 'same', access: 'write', says: DONE },
  'one it may write, of another': {
    organization: 'other',
    access: 'write',
    says: 'VALIDATION_ERROR The thread belongs to another organization than the space, and not to you.',
  },
  'one it may only read, of the same organization': {
    organization: 'same',
    access: 'read',
    says: 'INSUFFICIENT_PERMISSIONS Write access required',
  },
  'one it may only read, of another': {
    organization: 'other',
    access: 'read',
    says: 'INSUFFICIENT_PERMISSIONS Write access required',
  },
  'one of the same organization that it may not see': {
    organization: 'same',
    access: 'none',
    says: 'RESOURCE_NOT_FOUND Thread not found',
  },
  'one of another that it may not see': {
    organization: 'other',
    access: 'none',
    says: 'RESOURCE_NOT_FOUND Thread not found',
  },
}

describe('an editor of a space adds to it', () => {
  test.each(Object.entries(THREADS))('%s, as its access to the thread says', async (_, { says, ...of }) => {
    const [home, away] = [await app.seed.organization(), await app.seed.organization()]
    const space = await app.seed.space(home)
    const host = of.organization === 'same' ? home : away
    const roles = { none: null, read: 'VIEWER', write: 'MEMBER', own: 'MEMBER' } as const
    const role = roles[of.access]
    const editor = role ? await app.seed.member(host, role) : await app.seed.user()
    await space.owner.must('GrantSpaceAccess', { spaceId: space.id, userId: editor.userId, role: 'EDITOR' })
    const owner = of.access === 'own' ? editor : host.owner
    const thread = await app.seed.thread({ organization: host, owner, messages: 1 })

    const said = saidBy(await editor.run('AddThreadToSpace', { spaceId: space.id, threadId: thread.id }))

    expect(said).toBe(says)
    const { threadCount } = (await space.owner.must('Space', { id: space.id })).space
    expect(threadCount).toBe(says === DONE ? 1 : 0)
  })
})
