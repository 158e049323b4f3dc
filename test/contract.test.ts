import { afterAll, beforeAll, expect, test } from 'vitest'
import * as deletion from './contract/deletion.story.js'
import * as spaces from './contract/space.story.js'
import { Story, TEXTS } from './contract/story.js'
import * as threads from './contract/thread.story.js'
import { startTestApp, type TestApp } from './support/app.js'
import { expectInvariants } from './support/invariants.js'
import { operationNames } from './support/operations.js'

let app: TestApp

beforeAll(async () => {
  app = await startTestApp()
})
afterAll(() => app[Symbol.asyncDispose]())

test('every document that clients send runs as it is written, and replies what happened', async () => {
  const story = new Story(await app.seed.user())

  const { organizationId, projectId } = await threads.openOrganization(story)
  const { threadId, messageIds } = await threads.openThread(story, organizationId, projectId, TEXTS)
  const agentRunId = await threads.startRun(story, threadId)
  await threads.readBack(story, organizationId, projectId, threadId)
  const spaceId = await spaces.openSpace(story, organizationId)
  await threads.readThread(story, threadId, agentRunId, [])
  await spaces.fillSpace(story, spaceId, threadId)
  await threads.readThread(story, threadId, agentRunId, [spaceId])
  await spaces.useSpace(story, spaceId, threadId, messageIds)
  const other = await threads.openThread(story, organizationId, null, ['eta theta'])
  await spaces.interruptBackfill(app, story, spaceId, other.threadId)
  await deletion.leaveSpace(story, spaceId, other.threadId)
  await deletion.deleteThread(story, threadId, projectId, 'SOFT')
  await deletion.restoreThread(story, threadId)
  await deletion.deleteAllAndRestore(story, organizationId)
  await expectInvariants(app.pool)
  await deletion.deleteThread(story, threadId, projectId)
  await deletion.deleteSpace(story, spaceId)

  expect(story.told).toEqual(new Set(operationNames()))
  await expectInvariants(app.pool)
})
