import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../support/app.js'

let app: TestApp

beforeAll(async () => {
  app = await startTestApp()
})
afterAll(() => app[Symbol.asyncDispose]())

test('a lone surrogate in a name or title is the replacement character, in the reply as in what is read later', async () => {
  const owner = await app.seed.user()
  const name = 'a\ud800b \udc00 😀'
  const stored = 'a\ufffdb \ufffd 😀'

  const { createOrganization } = await owner.must('CreateOrganization', { name })
  expect(createOrganization.organization.name).toBe(stored)
  const organizationId = createOrganization.organization.id
  const { createProject } = await owner.must('CreateProject', { input: { organizationId, name } })
  expect(createProject.project.name).toBe(stored)
  const { createThread } = await owner.must('CreateThread', { input: { organizationId, title: name } })
  expect(createThread.thread.title).toBe(stored)
  const { createSpace } = await owner.must('CreateSpace', { input: { organizationId, name } })
  expect(createSpace.space.name).toBe(stored)

  expect((await owner.must('Project', { id: createProject.project.id })).project.name).toBe(stored)
  expect((await owner.must('Thread', { id: createThread.thread.id })).thread.title).toBe(stored)
  const spaceId = createSpace.space.id
  expect((await owner.must('Space', { id: spaceId })).space.name).toBe(stored)
  expect((await owner.run('SearchSpace', { spaceId, query: name })).errors).toBeUndefined()
})
