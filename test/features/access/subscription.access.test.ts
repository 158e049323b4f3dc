import { createHash, randomUUID } from 'node:crypto'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../../support/app.js'
import { TestClient } from '../../support/client.js'
import { GRANT_TO_ROLE, REVOKE_FROM_ROLE } from '../../support/documents.js'
import { eventually } from '../../support/eventually.js'
import { expectSoundRest } from '../../support/rest.js'
import type { Seeded, SeededSpace } from '../../support/seed.js'
import { expectSignedOut } from '../../support/signed.out.js'
import { StoppedClock } from '../../support/stopped.clock.js'
import type { TestSubscription } from '../../support/subscription.js'
import { signToken } from '../../support/tokens.js'

/** The error of a subscription that lost access, however it was lost. */

let app: TestApp

beforeAll(async () => {
  app = await startTestApp()
})
afterEach(async () => {
  app.embedder.resume()
  await expectSoundRest(app.pool)
})
afterAll(() => app[Symbol.asyncDispose]())

const LIMIT_MS = 5_000
/** A token is taken for so much longer than it says. */
const SKEW_SECONDS = 30

interface Watching {
  watcher: TestClient
  /** Takes access away. */
  lose(): Promise<unknown>
}

interface Loss {
  /** Somebody who may watch for now. */
  start(organization: Seeded, space: SeededSpace): Promise<Watching>
  /** The code and the cause that the subscriptions end with. */
  says: [code: string, ofBackfill: string, ofSpace: string]
}

const GONE: Loss['says'] = ['RESOURCE_NOT_FOUND', 'Backfill not found', 'Space not found']

/** By an act of Heddle's own, which knows whom it concerns. */
const ACTS: Record<string, Loss> = {
  'a grant that is taken back': {
    async start(_, space) {
      const watcher = await app.seed.grant(space, 'EDITOR')
      const grant = { spaceId: space.id, userId: watcher.userId }
      return { watcher, lose: () => space.owner.must('RevokeSpaceAccess', grant) }
    },
    says: GONE,
  },
  'a grant to a role that is taken back': {
    async start(organization, space) {
      const grant = { spaceId: space.id, organizationRole: 'MEMBER' }
      await space.owner.must(GRANT_TO_ROLE, { ...grant, role: 'VIEWER' })
      const watcher = await app.seed.member(organization, 'MEMBER')
      return { watcher, lose: () => space.owner.must(REVOKE_FROM_ROLE, grant) }
    },
    says: GONE,
  },
  'a role in the organization that is lowered': {
    async start(organization) {
      const watcher = await app.seed.member(organization, 'ADMIN')
      const lowered = { organizationId: organization.id, userId: watcher.userId, role: 'MEMBER' }
      return { watcher, lose: () => organization.owner.must('AddOrganizationMember', lowered) }
    },
    says: GONE,
  },
}

/** By what Heddle is not told. */
const CREDENTIALS: Record<string, Loss> = {
  'an API key that is revoked': {
    async start(_, space) {
      const { userId } = await app.seed.grant(space, 'VIEWER')
      const [id, key] = [`key_${randomUUID()}`, `hdl_${randomUUID()}`]
      await app.pool.query(`insert into "user" (id) values ($1) on conflict do nothing`, [userId])
      await app.pool.query(
        'insert into api_key (id, user_id, name, hash, prefix, scopes) values ($1, $2, $3, $4, $5, $6)',
        [id, userId, 'Test', createHash('sha256').update(key).digest('hex'), 'hdl_', []],
      )
      const lose = () => app.pool.query('update api_key set revoked_at = now() where id = $1', [id])
      return { watcher: app.withApiKey(key), lose }
    },
    says: ['UNAUTHENTICATED', 'API key revoked', 'API key revoked'],
  },
  'a token that has run out': {
    async start(_, space) {
      const { userId } = await app.seed.grant(space, 'VIEWER')
      const expiresAt = Math.ceil(Date.now() / 1_000) + 2
      const token = await signToken({ sub: userId ?? '', exp: expiresAt - SKEW_SECONDS }, undefined, null)
      const watcher = new TestClient(app.url, userId, { authorization: `Bearer ${token}` })
      const hasRunOut = () => expect(Date.now()).toBeGreaterThanOrEqual(expiresAt * 1_000)
      return { watcher, lose: () => eventually(hasRunOut) }
    },
    says: ['UNAUTHENTICATED', 'Credential expired', 'Credential expired'],
  },
}

async function watched(organization: Seeded, loss: Loss) {
  app.embedder.pause()
  const creator = await app.seed.member(organization, 'MEMBER')
  const space = await app.seed.space({ id: organization.id, owner: creator }, 'PRIVATE')
  const thread = await app.seed.thread({ organization, messages: 20 })
  const backfillId = await app.seed.link({ id: space.id, owner: organization.owner }, thread)
  const watching = await loss.start(organization, space)
  const other = await app.seed.grant(space, 'VIEWER')
  const subscribe = (client: TestClient) => [
    client.subscribe('BackfillProgress', { backfillId }),
    client.subscribe('SpaceBackfillProgress', { spaceId: space.id }),
  ]
  const [losing, others] = [subscribe(watching.watcher), subscribe(other)] as [
    [TestSubscription, TestSubscription],
    [TestSubscription, TestSubscription],
  ]
  for (const subscription of [...losing, ...others])
    expect((await subscription.next())?.errors).toBeUndefined()
  return { ...watching, losing, others, backfillId, space }
}

async function expectOthersToGoOn([one, all]: [TestSubscription, TestSubscription]): Promise<void> {
  app.embedder.resume()
  const replies = await one.rest()
  expect(replies.every(({ errors }) => errors === undefined)).toBe(true)
  expect(replies.at(-1)?.data.backfillProgress).toMatchObject({ status: 'COMPLETED', embedded: 20 })
  let last = await all.next()
  while (last?.data.spaceBackfillProgress.status !== 'COMPLETED') last = await all.next()
  await all.stop()
}

describe('who loses access in mid-stream gets the error, and not one event of what follows:', () => {
  test.each(Object.entries(ACTS))('%s', async (_, loss) => {
    const organization = await app.seed.organization()
    const { losing, others, lose } = await watched(organization, loss)

    await lose()
    await expectOthersToGoOn(others)

    for (const [index, subscription] of losing.entries()) {
      const replies = await subscription.rest()
      expect(replies).toHaveLength(1)
      expect(replies[0]).toFailWith({ code: loss.says[0], systemMessage: loss.says[index + 1] })
      expect(await subscription.end()).toEqual({ kind: 'completed' })
    }
  })
})

describe('a credential that ends takes its subscriptions with it, within five seconds:', () => {
  test.each(Object.entries(CREDENTIALS))('%s', async (_, loss) => {
    const organization = await app.seed.organization()
    const { losing, others, lose } = await watched(organization, loss)

    await lose()
    using clock = new StoppedClock()
    clock.pass(LIMIT_MS)

    for (const [index, subscription] of losing.entries()) {
      await expectSignedOut(subscription, {
        code: loss.says[0],
        systemMessage: loss.says[index + 1],
        reason: expect.stringContaining('Forbidden: '),
      })
    }
    clock[Symbol.dispose]()
    await expectOthersToGoOn(others)
  })
})

test('what is given to somebody, or taken from others, ends no subscription', async () => {
  const organization = await app.seed.organization()
  const keeping = await watched(organization, {
    start: async (_, space) => ({
      watcher: await app.seed.grant(space, 'VIEWER'),
      lose: async () => undefined,
    }),
    says: GONE,
  })
  const { losing, others, space, watcher, backfillId } = keeping
  const [one, all] = losing
  const role = { spaceId: space.id, organizationRole: 'MEMBER' }

  await space.owner.must('GrantSpaceAccess', { spaceId: space.id, userId: watcher.userId, role: 'EDITOR' })
  await space.owner.must('RevokeSpaceAccess', { spaceId: space.id, userId: 'user_somebody' })
  await space.owner.must(GRANT_TO_ROLE, { ...role, role: 'VIEWER' })
  await space.owner.must(REVOKE_FROM_ROLE, role)

  await expectOthersToGoOn(others)
  expect((await one.rest()).at(-1)?.data.backfillProgress).toMatchObject({ backfillId, status: 'COMPLETED' })
  await all.stop()
})
