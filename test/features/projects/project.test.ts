import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../../support/app.js'
import { PROJECTS } from '../../support/documents.js'
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
const NOT_FOUND = { code: 'RESOURCE_NOT_FOUND', status: 404 }

describe('a project', () => {
  test.each(['OWNER', 'ADMIN', 'MEMBER', 'VIEWER'] as const)(
    'is read by members with the role %s',
    async (role) => {
      const organization = await app.seed.organization()
      const project = await app.seed.project(organization)
      const member = await app.seed.member(organization, role)

      expect(await member.must('Project', { id: project.id })).toMatchObject({ project: { name: 'Website' } })
      const { projects } = await member.must(PROJECTS, { organizationId: organization.id })
      expect(projects.edges).toEqual([{ node: { id: project.id, name: 'Website', threadCount: 0 } }])
    },
  )

  test('is missing for others, like one that never was, and so are the projects of their organization', async () => {
    const organization = await app.seed.organization()
    const project = await app.seed.project(organization)
    const space = await app.seed.space(organization, 'PUBLIC')
    const thread = await app.seed.thread({ organization, project })
    await app.seed.link(space, thread)
    const stranger = await app.seed.user()

    for (const id of [project.id, 'proj_none']) {
      const expected = { ...NOT_FOUND, systemMessage: 'Project not found', details: { projectId: id } }
      expect(await stranger.run('Project', { id })).toFailWith(expected)
    }
    for (const organizationId of [organization.id, 'org_none']) {
      expect(await stranger.run(PROJECTS, { organizationId })).toFailWith({
        ...NOT_FOUND,
        systemMessage: 'Organization not found',
      })
    }
    const document = 'query ($id: ID!) { space(id: $id) { threads { edges { node { project { name } } } } } }'
    const { space: seen } = await stranger.must(document, { id: space.id })
    expect(seen.threads.edges).toEqual([{ node: { project: null } }])
  })

  test.each(['', ' ', 'x'.repeat(256)])('is not made with the name %j', async (name) => {
    const { id: organizationId, owner } = await app.seed.organization()

    const reply = await owner.run('CreateProject', { input: { organizationId, name } })

    expect(reply).toFailWith({ ...INVALID, systemMessage: 'Invalid name. It must have 1 to 255 characters.' })
  })

  test('has no sandbox without a sandbox service to delete it', async () => {
    const { id: organizationId, owner } = await app.seed.organization()
    const input = { organizationId, name: 'Website', sandboxId: 'sandbox-1' }

    const systemMessage = 'Invalid sandboxId. No sandbox service is configured: set SANDBOX_API_URL.'
    expect(await owner.run('CreateProject', { input })).toFailWith({ ...INVALID, systemMessage })
  })

  test('counts its live threads, and stays while a soft-deleted one refers to it', async () => {
    const organization = await app.seed.organization()
    const { owner } = organization
    const project = await app.seed.project(organization)
    const [first, second] = [
      await app.seed.thread({ organization, project }),
      await app.seed.thread({ organization, project }),
    ]
    const count = async () => (await owner.must('Project', { id: project.id })).project.threadCount
    expect(await count()).toBe(2)

    await owner.must('DeleteThread', { threadId: first.id, mode: 'SOFT' })
    expect(await count()).toBe(1)
    await owner.must('DeleteThread', { threadId: second.id })
    expect(await count()).toBe(0)
    await owner.must('RestoreThread', { threadId: first.id })
    expect(await count()).toBe(1)

    await owner.must('DeleteThread', { threadId: first.id })
    expect(await owner.run('Project', { id: project.id })).toFailWith({
      ...NOT_FOUND,
      systemMessage: 'Project not found',
    })
  })
})

test('the projects of an organization come in pages, each once, the newest first', async () => {
  const organization = await app.seed.organization()
  await app.seed.project(await app.seed.organization(organization.owner))
  const made: string[] = []
  for (let index = 0; index < 23; index++) made.push((await app.seed.project(organization)).id)
  const seen: string[] = []
  let after: string | null = null

  do {
    const variables: Record<string, unknown> = { organizationId: organization.id, first: 5, after }
    const { projects } = await organization.owner.must(PROJECTS, variables)
    seen.push(...projects.edges.map(({ node }: { node: Seeded }) => node.id))
    after = projects.pageInfo.hasNextPage ? projects.pageInfo.endCursor : null
  } while (after !== null)

  expect(seen).toEqual(made.reverse())
})

test('a thread that is made while the last one of its project is deleted finds it there, or is refused: never half', async () => {
  for (let round = 0; round < 6; round++) {
    const organization = await app.seed.organization()
    const { owner } = organization
    const project = await app.seed.project(organization)
    const last = await app.seed.thread({ organization, project })

    const [deleted, made] = await Promise.all([
      owner.must('DeleteThread', { threadId: last.id }),
      owner.run('CreateThread', { input: { projectId: project.id } }),
    ])

    const { projectDeleted } = deleted.deleteThread
    expect(projectDeleted).toBe(made.errors !== undefined)
    if (made.errors) expect(made).toFailWith({ ...NOT_FOUND, systemMessage: 'Project not found' })
    const { errors } = await owner.run('Project', { id: project.id })
    expect(errors !== undefined).toBe(projectDeleted)
  }
  await expectInvariants(app.pool)
})
