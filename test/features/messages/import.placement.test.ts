import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../../support/app.js'
import type { Json, TestClient } from '../../support/client.js'
import { IMPORT_THREADS } from '../../support/documents.js'
import { expectInvariants } from '../../support/invariants.js'
import type { Seeded } from '../../support/seed.js'
import { conversation } from './import.fixture.js'

const IMPORT_WITH_PLACE = IMPORT_THREADS.replace('status', 'status notRestored')

let app: TestApp

beforeAll(async () => {
  app = await startTestApp()
})
afterEach(() => expectInvariants(app.pool))
afterAll(() => app[Symbol.asyncDispose]())

interface Place {
  projectId?: string
  ownerId?: string | null
}

/** Imports one thread of two messages. @returns its result, and where it is now */
async function importThread(client: TestClient, organization: Seeded, place: Place, id?: string) {
  const thread = { ...conversation(2, id), ...place }
  const variables = { organizationId: organization.id, threads: [thread] }
  const { importThreads } = await client.must(IMPORT_WITH_PLACE, variables)
  return { id: thread.id, result: importThreads.results[0] as Json, ...(await placeOf(thread.id)) }
}

async function placeOf(threadId: string): Promise<{ ownerId?: string; projectId?: string | null }> {
  const { rows } = await app.pool.query(
    'select owner_id as "ownerId", project_id as "projectId" from thread where id = $1',
    [threadId],
  )
  return rows[0] ?? {}
}

describe('the project of an imported thread', () => {
  test('is kept by anybody who may write to the organization', async () => {
    const organization = await app.seed.organization()
    const project = await app.seed.project(organization)
    const member = await app.seed.member(organization)

    const imported = await importThread(member, organization, { projectId: project.id })

    expect(imported).toMatchObject({
      ownerId: member.userId,
      projectId: project.id,
      result: { status: 'IMPORTED', notRestored: [] },
    })
    const { project: kept } = await member.must('query ($id: ID!) { project(id: $id) { threadCount } }', {
      id: project.id,
    })
    expect(kept.threadCount).toBe(1)
  })

  test('of another organization is as good as none, whatever the caller is there', async () => {
    const organization = await app.seed.organization()
    const { owner } = organization
    const foreign = await app.seed.project(await app.seed.organization(owner))

    for (const projectId of [foreign.id, 'proj_none']) {
      expect(await importThread(owner, organization, { projectId })).toMatchObject({
        projectId: null,
        result: { status: 'IMPORTED', notRestored: ['PROJECT'] },
      })
    }
  })

  test('is left, or kept from its deletion, when its last thread is purged at the same time', async () => {
    const organization = await app.seed.organization()
    const { owner } = organization
    for (let round = 0; round < 5; round++) {
      const project = await app.seed.project(organization)
      const last = await app.seed.thread({ organization, project, messages: 1 })

      const [imported] = await Promise.all([
        importThread(owner, organization, { projectId: project.id }),
        owner.must('DeleteThread', { threadId: last.id }),
      ])

      const { rows } = await app.pool.query('select id from project where id = $1', [project.id])
      const isKept = imported.projectId === project.id
      expect(imported.result.notRestored).toEqual(isKept ? [] : ['PROJECT'])
      expect(rows).toEqual(isKept ? [{ id: project.id }] : [])
    }
  })
})

describe('the owner of an imported thread', () => {
  test.each(['OWNER', 'ADMIN'] as const)('is kept for an %s when it is a member', async (role) => {
    const organization = await app.seed.organization()
    const importer = await app.seed.member(organization, role)
    const owner = await app.seed.member(organization)

    const imported = await importThread(importer, organization, { ownerId: owner.userId })

    expect(imported).toMatchObject({ ownerId: owner.userId, result: { notRestored: [] } })
    expect((await owner.must('Thread', { id: imported.id })).thread).toMatchObject({ messageCount: 2 })
  })

  test('is the caller for one that is no administrator', async () => {
    const organization = await app.seed.organization()
    const [importer, owner] = [await app.seed.member(organization), await app.seed.member(organization)]

    expect(await importThread(importer, organization, { ownerId: owner.userId })).toMatchObject({
      ownerId: importer.userId,
      result: { status: 'IMPORTED', notRestored: ['OWNER'] },
    })
    expect(await importThread(importer, organization, { ownerId: importer.userId })).toMatchObject({
      ownerId: importer.userId,
      result: { notRestored: [] },
    })
  })

  test('is never a stranger to the organization, known to Heddle or not', async () => {
    const organization = await app.seed.organization()
    const { owner: importer } = organization
    const stranger = await app.seed.user()
    await app.seed.organization(stranger)

    for (const ownerId of [stranger.userId, 'user_never_seen']) {
      const imported = await importThread(importer, organization, { ownerId })
      expect(imported).toMatchObject({ ownerId: importer.userId, result: { notRestored: ['OWNER'] } })
    }
    const { threads } = await stranger.must('{ threads { edges { node { id } } } }')
    expect(threads.edges).toEqual([])
  })
})

test('a thread that is there already stays where it is, and with whom', async () => {
  const organization = await app.seed.organization()
  const { owner } = organization
  const member = await app.seed.member(organization)
  const project = await app.seed.project(organization)
  const { id } = await importThread(owner, organization, {})

  const again = await importThread(owner, organization, { projectId: project.id, ownerId: member.userId }, id)

  expect(again).toMatchObject({
    ownerId: owner.userId,
    projectId: null,
    result: { status: 'UNCHANGED', notRestored: ['PROJECT', 'OWNER'] },
  })
})

test('what is no id is refused with its thread', async () => {
  const organization = await app.seed.organization()

  for (const place of [{ projectId: 'with space' }, { ownerId: '' }]) {
    expect((await importThread(organization.owner, organization, place)).result).toMatchObject({
      status: 'FAILED',
      notRestored: [],
      error: { code: 'VALIDATION_ERROR' },
    })
  }
})
