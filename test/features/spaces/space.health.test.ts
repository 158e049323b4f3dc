import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../../support/app.js'
import { expectInvariants } from '../../support/invariants.js'
import { expectSoundRest, waitForRest } from '../../support/rest.js'
import type { Seeded, SeededSpace, SeededThread } from '../../support/seed.js'
import { contentsOf, embedThread, found } from '../search/search.fixture.js'
import { DAMAGES, damage, healthOf, repair } from './space.health.fixture.js'

let app: TestApp

beforeAll(async () => {
  app = await startTestApp()
})
afterEach(async () => {
  app.embedder.resume()
  app.embedder.refuse(() => false)
  await expectSoundRest(app.pool)
})
afterAll(() => app[Symbol.asyncDispose]())

const LONG = 'a long story about spring and summer. '.repeat(100)
/** Six, of which one has three pieces and one none: seven vectors. */
const TEXTS = ['spring', LONG, 'summer', ' \u00a0\n', 'autumn', 'winter']
const PIECES = 7

async function embeddedSpace() {
  const organization = await app.seed.organization()
  const space = await app.seed.space(organization)
  const thread = await embedThread(app, space, TEXTS)
  const other = await embedThread(app, space, ['one', 'two'])
  const stray = await app.seed.thread({ organization, messages: ['elsewhere'] })
  return { organization, space, thread, other, stray }
}

const idsOf = (space: SeededSpace, thread: SeededThread, stray: SeededThread) => ({
  spaceId: space.id,
  threadId: thread.id,
  strayId: stray.id,
})

async function expectAllFound(space: SeededSpace): Promise<void> {
  const hits = await found(space.owner, space, 'spring', { mode: 'SEMANTIC', first: 50 })
  const texts = [...TEXTS.filter((text) => text.trim() !== ''), 'one', 'two']
  expect(new Set(contentsOf(hits))).toEqual(new Set(texts))
}

test('a space is healthy when every piece of every message has its vector', async () => {
  const { space } = await embeddedSpace()

  expect(await healthOf(space)).toEqual({
    isHealthy: true,
    vectors: PIECES + 2,
    expectedVectors: PIECES + 2,
    orphanVectors: 0,
    messages: 8,
    messagesWithoutVectors: 0,
    pendingMessages: 0,
    failures: 0,
    orphanRecords: 0,
    staleCounters: 0,
    staleLinks: 0,
    links: 2,
    linksBehind: 0,
    stuckLinks: 0,
    pausedLinks: 0,
    oldestWaitingSince: null,
    lastError: null,
  })
})

test('work that is under way, paused or refused is told, and no illness', async () => {
  const { organization, space, thread } = await embeddedSpace()
  app.embedder.refuse((text) => text === 'poison')
  await embedThread(app, space, ['poison'])
  app.embedder.pause()
  const paused = await app.seed.thread({ organization, messages: 3 })
  const backfillId = await app.seed.link(space, paused)
  await space.owner.must('CancelBackfill', { backfillId })
  await app.seed.messages(thread, ['one more'])
  const { messages } = (
    await space.owner.must(`{ thread(id: "${thread.id}") {
    messages(first: 100) { edges { node { content createdAt } } } } }`)
  ).thread
  const { node } = messages.edges.find(
    (edge: { node: { content: string } }) => edge.node.content === 'one more',
  )

  expect(await healthOf(space)).toMatchObject({
    isHealthy: true,
    vectors: PIECES + 2,
    expectedVectors: PIECES + 2,
    failures: 1,
    links: 4,
    linksBehind: 1,
    stuckLinks: 0,
    pausedLinks: 1,
    oldestWaitingSince: node.createdAt,
  })
  expect(await repair(space)).toMatchObject({
    wokenLinks: 0,
    requeuedMessages: 0,
    health: { isHealthy: true },
  })
})

describe('a damage is found, and repaired so that searches find everything:', () => {
  test.each(Object.entries(DAMAGES))('%s', async (_, statement) => {
    const { space, thread, stray } = await embeddedSpace()
    await damage(app, statement, idsOf(space, thread, stray))
    expect(await healthOf(space)).toMatchObject({ isHealthy: false })

    const repaired = await repair(space)

    expect(repaired.health).toMatchObject({
      isHealthy: true,
      orphanVectors: 0,
      staleCounters: 0,
      orphanRecords: 0,
    })
    await waitForRest(app.pool)
    expect(await healthOf(space)).toMatchObject({
      isHealthy: true,
      vectors: PIECES + 2,
      expectedVectors: PIECES + 2,
    })
    await expectInvariants(app.pool)
    await expectAllFound(space)
    const { health, ...again } = await repair(space)
    expect(again).toEqual({
      removedVectors: 0,
      requeuedMessages: 0,
      removedRecords: 0,
      correctedCounters: 0,
      correctedLinks: 0,
      wokenLinks: 0,
    })
  })
})

test('health counts each kind of damage', async () => {
  const { space, thread, stray } = await embeddedSpace()
  // No worker mends a link before it is looked at.
  app.embedder.pause()
  for (const statement of Object.values(DAMAGES)) await damage(app, statement, idsOf(space, thread, stray))

  const health = await healthOf(space)
  const repaired = await repair(space)
  app.embedder.resume()

  expect(health).toMatchObject({
    isHealthy: false,
    stuckLinks: 1,
    linksBehind: 1,
    links: 2,
    orphanRecords: 3,
  })
  expect(repaired.removedVectors).toBe(health.orphanVectors)
  expect(repaired.requeuedMessages).toBe(health.messagesWithoutVectors)
  expect(repaired.removedRecords).toBe(health.orphanRecords)
  await waitForRest(app.pool)
  await expectAllFound(space)
})

test('a repair leaves another space of the same threads alone', async () => {
  const { organization, space, thread, stray } = await embeddedSpace()
  const neighbour = await app.seed.space(organization)
  await app.seed.embedded(space.owner, await app.seed.link(neighbour, thread))
  const calls = app.embedder.calls.length
  await damage(app, DAMAGES['vectors are lost'] as string, idsOf(space, thread, stray))

  await repair(space)
  await waitForRest(app.pool)

  expect(await healthOf(neighbour)).toMatchObject({ isHealthy: true, vectors: PIECES })
  expect(app.embedder.calls.slice(calls).flat().length).toBeLessThanOrEqual(5)
})

test('what a repair did is in the audit trail', async () => {
  const { organization, space, thread, stray } = await embeddedSpace()
  await damage(app, DAMAGES['the counters of the space are wrong'] as string, idsOf(space, thread, stray))
  await repair(space)

  const { auditEvents } = await organization.owner.must(
    `query ($id: ID!) { auditEvents(organizationId: $id, action: "space.repaired") {
      edges { node { targetId details } } } }`,
    { id: organization.id },
  )

  expect(auditEvents.edges).toHaveLength(1)
  expect(auditEvents.edges[0].node.details).toMatchObject({ correctedCounters: 2, removedVectors: 0 })
  expect(auditEvents.edges[0].node.targetId).toBe(space.id)
})

test('looking after a space needs what deleting it needs, also to look', async () => {
  const { space } = await embeddedSpace()
  const query = '{ spaceHealth(spaceId: "ID") { isHealthy } }'.replace('ID', space.id)
  for (const [role, expected] of [
    ['VIEWER', 'Manage access required'],
    ['EDITOR', 'Manage access required'],
  ] as const) {
    const user = await app.seed.grant(space, role)
    expect(await user.run(query)).toFailWith({ code: 'INSUFFICIENT_PERMISSIONS', systemMessage: expected })
  }
  const stranger: Seeded['owner'] = await app.seed.user()
  expect(await stranger.run(query)).toFailWith({
    code: 'RESOURCE_NOT_FOUND',
    systemMessage: 'Space not found',
  })
  expect((await (await app.seed.grant(space, 'OWNER')).must(query)).spaceHealth.isHealthy).toBe(true)
})
