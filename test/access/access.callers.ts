import { SCOPES, type Scope } from '../../src/features/access/scope.table.js'
import type { TestApp } from '../support/app.js'
import { TestClient, type TestSocket } from '../support/client.js'
import { REMOVE_MEMBER, REVOKE_API_KEY } from '../support/documents.js'
import { signToken } from '../support/tokens.js'
import type { Granted, Tenant } from './access.world.js'

/** Everybody who tries every operation on the things of one organization. */

export type OrganizationRole = 'OWNER' | 'ADMIN' | 'MEMBER' | 'VIEWER'
export type SpaceRole = 'OWNER' | 'EDITOR' | 'VIEWER'

/** What somebody is to the organization and what is in it. */
export interface Standing {
  /** in the organization */
  role: OrganizationRole | null
  /** has not accepted its membership: that opens what it names, as to any member */
  isPending: boolean
  /** owns its threads, and has created its spaces */
  isCreator: boolean
  /** on its spaces */
  grant: SpaceRole | null
  /** of the API key: null for all */
  scopes: readonly Scope[] | null
  /** calls through a service key */
  isServed: boolean
}

/** The error for callers without a valid credential. */
export type Refusal = { unauthenticated: string }

export interface Caller {
  client: TestClient
  /** of the same caller */
  socket: TestSocket
  is: Standing | Refusal
}

const NOBODY: Standing = {
  role: null,
  isPending: false,
  isCreator: false,
  grant: null,
  scopes: null,
  isServed: false,
}

/**
 * One for each way to sign in, and for each to be refused. The rules are asked in one place for all transports: what a
 * transport can get wrong is who calls. These call over each transport, the others over one.
 */
export const REPRESENTATIVES: readonly string[] = [
  'nobody',
  'a bad key',
  'an expired token',
  'another tenant',
  'an OWNER',
  'a VIEWER',
  'a key with threads:read',
  'a service on behalf of an OWNER',
  'a service on behalf of a stranger',
]

export async function seedGranted({ seed }: TestApp): Promise<Granted> {
  return { OWNER: await seed.user(), EDITOR: await seed.user(), VIEWER: await seed.user() }
}

/** By name, as the names of tests have it. */
export async function seedCallers(
  app: TestApp,
  tenant: Tenant,
  granted: Granted,
): Promise<Record<string, Caller>> {
  const { organization, creator } = tenant
  const { seed } = app
  const member = (role: OrganizationRole) => seed.member(organization, role)
  const owner = await member('OWNER')
  const stranger = await seed.user()
  const as = (role: OrganizationRole, client: TestClient) => callerOf(client, { role })
  const inSpace = (grant: SpaceRole) => callerOf(granted[grant], { grant })
  const service = (await seed.apiKey(app.withApiKey(), SCOPES)).client
  const served = (user: TestClient, is: Partial<Standing>) =>
    callerOf(onBehalfOf(user, service), { ...is, isServed: true })
  return {
    nobody: refused(app.anonymous(), 'No credential'),
    'a bad key': refused(app.withApiKey('hdl_bad'), 'Invalid API key'),
    'a revoked key': refused(await revokedKey(app, owner), 'API key revoked'),
    'an expired token': refused(await expired(app), 'Token expired'),
    'another tenant': callerOf((await seed.organization()).owner, {}),
    'a former member': callerOf(await formerMember(app, tenant), {}),
    'an invited MEMBER': callerOf(await seed.invited(organization, 'MEMBER'), {
      role: 'MEMBER',
      isPending: true,
    }),
    'an OWNER': as('OWNER', owner),
    'an ADMIN': as('ADMIN', await member('ADMIN')),
    'a MEMBER': as('MEMBER', await member('MEMBER')),
    'a VIEWER': as('VIEWER', await member('VIEWER')),
    'the creator': callerOf(creator, { role: 'MEMBER', isCreator: true }),
    'an OWNER of the space': inSpace('OWNER'),
    'an EDITOR of the space': inSpace('EDITOR'),
    'a VIEWER of the space': inSpace('VIEWER'),
    ...(await seedKeys(app, owner)),
    'a service on behalf of an OWNER': served(owner, { role: 'OWNER' }),
    'a service on behalf of a stranger': served(stranger, {}),
  }
}

/** A key with each scope and no other, of an OWNER. */
async function seedKeys(app: TestApp, owner: TestClient): Promise<Record<string, Caller>> {
  const callers: Record<string, Caller> = {}
  for (const scope of SCOPES) {
    // Only the first user makes keys that act for others, and it is nobody to the organization.
    const isService = scope === 'act-on-behalf'
    const { client } = await app.seed.apiKey(isService ? app.withApiKey() : owner, [scope])
    callers[`a key with ${scope}`] = callerOf(client, { role: isService ? null : 'OWNER', scopes: [scope] })
  }
  return callers
}

function callerOf(client: TestClient, is: Partial<Standing>): Caller {
  return { client, socket: client.open(), is: { ...NOBODY, ...is } }
}

function refused(client: TestClient, unauthenticated: string): Caller {
  return { client, socket: client.open(), is: { unauthenticated } }
}

function onBehalfOf({ url, userId }: TestClient, service: TestClient): TestClient {
  return new TestClient(url, userId, { ...service.headers, 'x-on-behalf-of': userId as string })
}

/** Was an ADMIN, and is named nowhere any more. */
async function formerMember({ seed }: TestApp, { organization }: Tenant): Promise<TestClient> {
  const former = await seed.member(organization, 'ADMIN')
  await organization.owner.must(REMOVE_MEMBER, { organizationId: organization.id, userId: former.userId })
  return former
}

async function revokedKey({ seed }: TestApp, owner: TestClient): Promise<TestClient> {
  const { apiKey, client } = await seed.apiKey(owner, ['admin'])
  await owner.must(REVOKE_API_KEY, { apiKeyId: apiKey.id })
  return client
}

async function expired({ url }: TestApp): Promise<TestClient> {
  const exp = Math.floor(Date.now() / 1_000) - 3_600
  const token = await signToken({ sub: 'user_late', exp }, undefined, null)
  return new TestClient(url, 'user_late', { authorization: `Bearer ${token}` })
}
