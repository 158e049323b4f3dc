import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../../support/app.js'
import type { Reply } from '../../support/client.js'
import { expectSoundRest } from '../../support/rest.js'
import type { Seeded } from '../../support/seed.js'
import { auditOf, codeOf, times, usageOf } from './deletion.fixture.js'

const PAIRS = 12
const NONE = { threads: 0, projects: 0, messages: 0 }
let app: TestApp

beforeAll(async () => {
  app = await startTestApp()
})
afterAll(() => app[Symbol.asyncDispose]())
afterEach(() => expectSoundRest(app.pool))

function deleteThread({ id, owner }: Seeded, mode = 'PERMANENT'): Promise<Reply> {
  return owner.run('DeleteThread', { threadId: id, mode })
}

async function seedProject(organization: Seeded, threads: number) {
  const project = await app.seed.project(organization)
  return { project, threads: await times(threads, () => app.seed.thread({ organization, project })) }
}

async function isThere({ id, owner }: Seeded): Promise<boolean> {
  return codeOf(await owner.run('Project', { id })) === null
}

test.each([
  ['PERMANENT', 'PERMANENT'],
  ['SOFT', 'SOFT'],
  ['PERMANENT', 'SOFT'],
])('of two deletions at once one succeeds and the other finds nothing: %s and %s', async (first, second) => {
  const organization = await app.seed.organization()
  const threads = await times(PAIRS, () => app.seed.thread({ organization, messages: 2 }))

  const pairs = await Promise.all(
    threads.map((thread) => Promise.all([deleteThread(thread, first), deleteThread(thread, second)])),
  )

  for (const pair of pairs) expect(new Set(pair.map(codeOf))).toEqual(new Set([null, 'RESOURCE_NOT_FOUND']))
  for (const { id } of threads) {
    const events = await auditOf(app.pool, id)
    expect(events.filter(({ action }) => action.endsWith('deleted'))).toHaveLength(1)
  }
  expect(await usageOf(organization.owner, organization.id)).toEqual(NONE)
})

test('many deletions of one thread at once are one deletion', async () => {
  const thread = await app.seed.thread({ messages: 2 })

  const replies = await times(PAIRS, () => deleteThread(thread))

  expect(replies.map(codeOf).filter((code) => code === null)).toHaveLength(1)
  expect(replies.map(codeOf).filter((code) => code === 'RESOURCE_NOT_FOUND')).toHaveLength(PAIRS - 1)
  expect(await usageOf(thread.owner, thread.organizationId)).toEqual(NONE)
})

test('the last two threads of a project, deleted at once, take it with them exactly once', async () => {
  const organization = await app.seed.organization()
  const projects = await times(PAIRS, () => seedProject(organization, 2))

  const replies = await Promise.all(
    projects.map(({ threads }) => Promise.all(threads.map((thread) => deleteThread(thread)))),
  )

  for (const pair of replies) {
    expect(pair.map(codeOf)).toEqual([null, null])
    expect(pair.map(({ data }) => data.deleteThread.projectDeleted).sort()).toEqual([false, true])
  }
  for (const { project } of projects) expect(await isThere(project)).toBe(false)
  expect(await usageOf(organization.owner, organization.id)).toEqual(NONE)
})

test('a project stays when one of its last two threads is soft-deleted while the other goes', async () => {
  const organization = await app.seed.organization()
  const projects = await times(PAIRS, () => seedProject(organization, 2))

  const replies = await Promise.all(
    projects.map(({ threads }) =>
      Promise.all(threads.map((thread, index) => deleteThread(thread, index === 0 ? 'SOFT' : 'PERMANENT'))),
    ),
  )

  for (const pair of replies) {
    expect(pair.map(({ data }) => data.deleteThread.projectDeleted)).toEqual([false, false])
  }
  for (const { project } of projects) expect(await isThere(project)).toBe(true)
  const usage = await usageOf(organization.owner, organization.id)
  expect(usage).toEqual({ ...NONE, projects: PAIRS })
})

test('a thread made while the last one goes is in a living project, or is not made', async () => {
  const organization = await app.seed.organization()
  const { owner } = organization
  const projects = await times(PAIRS, () => seedProject(organization, 1))

  const outcomes = await Promise.all(
    projects.map(async ({ project, threads: [last] }) => {
      const input = { organizationId: organization.id, projectId: project.id }
      const [deleted, created] = await Promise.all([
        deleteThread(last as Seeded),
        owner.run('CreateThread', { input }),
      ])
      return { project, deleted, created }
    }),
  )

  let made = 0
  for (const { project, deleted, created } of outcomes) {
    expect(deleted.errors).toBeUndefined()
    const isMade = codeOf(created) === null
    if (isMade) made++
    else expect(created).toFailWith({ code: 'RESOURCE_NOT_FOUND', systemMessage: 'Project not found' })
    expect(deleted.data.deleteThread.projectDeleted).toBe(!isMade)
    expect(await isThere(project)).toBe(isMade)
  }
  const usage = await usageOf(owner, organization.id)
  expect(usage).toEqual({ threads: made, projects: made, messages: 0 })
})

test('a thread restored while the last other one goes finds its project there', async () => {
  const organization = await app.seed.organization()
  const projects = await times(PAIRS, async () => {
    const seeded = await seedProject(organization, 2)
    await deleteThread(seeded.threads[0] as Seeded, 'SOFT')
    return seeded
  })

  await Promise.all(
    projects.map(({ threads: [hidden, last] }) =>
      Promise.all([
        organization.owner.must('RestoreThread', { threadId: hidden?.id }),
        deleteThread(last as Seeded),
      ]),
    ),
  )

  for (const { project } of projects) expect(await isThere(project)).toBe(true)
  const usage = await usageOf(organization.owner, organization.id)
  expect(usage).toEqual({ threads: PAIRS, projects: PAIRS, messages: 0 })
})

test('deletions of many users in one organization do not lose one another in its counts', async () => {
  const organization = await app.seed.organization()
  const members = await times(4, () => app.seed.member(organization))
  const threads = await times(PAIRS * 2, (index) =>
    app.seed.thread({ organization, owner: members[index % members.length], messages: 3 }),
  )
  const kept = threads.pop()

  await Promise.all(threads.map((thread, index) => deleteThread(thread, index % 2 ? 'SOFT' : 'PERMANENT')))

  const usage = await usageOf(organization.owner, organization.id)
  expect(usage).toEqual({ threads: 1, projects: 0, messages: kept?.messageIds.length })
})
