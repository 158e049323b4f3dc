import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../../support/app.js'
import type { Reply } from '../../support/client.js'
import { expectInvariants } from '../../support/invariants.js'
import type { Seeded } from '../../support/seed.js'
import { codeOf, times, usageOf } from '../deletion/deletion.fixture.js'

const LIMIT = 50
const CALLS = 200
let app: TestApp

beforeAll(async () => {
  app = await startTestApp({
    environment: { ORGANIZATION_THREAD_LIMIT: String(LIMIT), ORGANIZATION_PROJECT_LIMIT: String(LIMIT) },
  })
  // What is rolled back is not kept here: these are the counts that were true at some time.
  await app.pool.query(`
    create table known_usage (organization_id text, threads int, projects int);
    create function know_usage() returns trigger language plpgsql as $$
      begin insert into known_usage values (new.organization_id, new.threads, new.projects); return null; end $$;
    create trigger know_usage after update on usage for each row execute function know_usage()`)
})
afterAll(() => app[Symbol.asyncDispose]())
afterEach(() => expectInvariants(app.pool))
const CREATIONS = {
  threads: ({ id: organizationId, owner }: Seeded) =>
    owner.run('CreateThread', { input: { organizationId } }),
  projects: ({ id: organizationId, owner }: Seeded) =>
    owner.run('CreateProject', { input: { organizationId, name: 'Website' } }),
}
const KINDS = ['threads', 'projects'] as const
type Kind = (typeof KINDS)[number]

/** @returns how many were made; every other call met the limit */
function countMade(replies: readonly Reply[]): number {
  const refused = replies.filter((reply) => codeOf(reply) !== null)
  for (const reply of refused) expect(reply).toFailWith({ code: 'QUOTA_EXCEEDED', status: 403 })
  return replies.length - refused.length
}

async function mostKnown(organizationId: string, kind: Kind): Promise<number> {
  const { rows } = await app.pool.query(
    `select max(${kind}) as most from known_usage where organization_id = $1`,
    [organizationId],
  )
  return rows[0].most
}

test.each(KINDS)('of many creations at once exactly as many succeed as there is room: %s', async (kind) => {
  const organization = await app.seed.organization()

  const replies = await times(CALLS, () => CREATIONS[kind](organization))

  expect(countMade(replies)).toBe(LIMIT)
  expect(await usageOf(organization.owner, organization.id)).toMatchObject({ [kind]: LIMIT })
  expect(await mostKnown(organization.id, kind)).toBe(LIMIT)
})

test('threads that are deleted meanwhile make room for exactly as many, and no more', async () => {
  const organization = await app.seed.organization()
  const { id: organizationId, owner } = organization
  const deleted = await times(LIMIT, () => app.seed.thread({ organization }))

  const [deletions, creations] = await Promise.all([
    times(LIMIT, (index) =>
      owner.run('DeleteThread', { threadId: deleted[index]?.id, mode: index % 2 ? 'SOFT' : 'PERMANENT' }),
    ),
    times(CALLS, () => CREATIONS.threads(organization)),
  ])

  expect(deletions.map(codeOf)).toEqual(deletions.map(() => null))
  const made = countMade(creations)
  expect(await usageOf(owner, organizationId)).toMatchObject({ threads: made })
  const rest = await times(LIMIT, () => CREATIONS.threads(organization))
  expect(countMade(rest)).toBe(LIMIT - made)
  expect(await mostKnown(organizationId, 'threads')).toBe(LIMIT)
})

test('projects that go with their last thread meanwhile make room for exactly as many, and no more', async () => {
  const organization = await app.seed.organization()
  const { id: organizationId, owner } = organization
  const deleted = await times(LIMIT, async () =>
    app.seed.thread({ organization, project: await app.seed.project(organization) }),
  )

  const [deletions, creations] = await Promise.all([
    times(LIMIT, (index) => owner.run('DeleteThread', { threadId: deleted[index]?.id })),
    times(CALLS, () => CREATIONS.projects(organization)),
  ])

  expect(deletions.map(({ data }) => data.deleteThread.projectDeleted)).toEqual(deletions.map(() => true))
  const made = countMade(creations)
  expect(await usageOf(owner, organizationId)).toMatchObject({ threads: 0, projects: made })
  const rest = await times(LIMIT, () => CREATIONS.projects(organization))
  expect(countMade(rest)).toBe(LIMIT - made)
  expect(await mostKnown(organizationId, 'projects')).toBe(LIMIT)
})
