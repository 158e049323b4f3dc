import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../../support/app.js'
import { eventually } from '../../support/eventually.js'
import { expectInvariants } from '../../support/invariants.js'
import { conversation, done, imported, runImport, unchanged } from './import.fixture.js'

let app: TestApp

beforeAll(async () => {
  app = await startTestApp()
})
afterAll(async () => {
  await expectInvariants(app.pool)
  await app[Symbol.asyncDispose]()
})

test('of many imports of the same threads at once, one imports them and the others change nothing', async () => {
  const { id: organizationId, owner } = await app.seed.organization()
  const threads = Array.from({ length: 5 }, () => conversation(4))

  const calls = await Promise.all(Array.from({ length: 6 }, () => imported(owner, threads, organizationId)))

  for (const [index, { id }] of threads.entries()) {
    const results = calls.map((results) => results[index])
    expect(results.filter(({ status }) => status === 'IMPORTED')).toEqual([done(id, 4)])
    expect(results.filter(({ status }) => status !== 'IMPORTED')).toEqual(Array(5).fill(unchanged(id)))
    const { thread } = await owner.must('Thread', { id })
    expect(thread.messages.edges.map(({ node }: { node: { sequence: number } }) => node.sequence)).toEqual([
      1, 2, 3, 4,
    ])
  }
  const { viewer } = await owner.must('Viewer')
  expect(viewer.organizations.edges[0].node.usage).toMatchObject({ threads: 5, messages: 20 })
})

test('imports that share some threads, each in an order of its own, all end, and each message is there once', async () => {
  const { id: organizationId, owner } = await app.seed.organization()
  const threads = Array.from({ length: 12 }, () => conversation(3))

  const calls = await Promise.all(
    Array.from({ length: 8 }, (_, index) => {
      const chosen = threads.filter((_, place) => (place + index) % 3 !== 0)
      return imported(owner, index % 2 === 0 ? chosen : chosen.reverse(), organizationId)
    }),
  )

  const added = calls.flat().reduce((sum, { importedMessageCount }) => sum + importedMessageCount, 0)
  expect(added).toBe(36)
  await expectInvariants(app.pool)
})

test('an import that meets appends to its threads loses nothing of either', async () => {
  const { id: organizationId, owner } = await app.seed.organization()
  const short = conversation(2)
  await imported(owner, [short], organizationId)
  const longer = conversation(10, short.id)
  const messages = [{ role: 'USER', content: 'appended' }]

  const [[result]] = await Promise.all([
    imported(owner, [longer], organizationId),
    ...[1, 2, 3].map(() => owner.must('AppendMessages', { threadId: short.id, messages })),
  ])

  expect(result).toEqual(done(short.id, 8))
  const { thread } = await owner.must('Thread', { id: short.id })
  expect(thread.messageCount).toBe(13)
  await expectInvariants(app.pool)
})

test('an import that would pass the thread limit imports nothing', async () => {
  const { id: organizationId, owner } = await app.seed.organization()
  await app.pool.query('update usage set thread_limit = 2 where organization_id = $1', [organizationId])
  const threads = [conversation(), conversation(), conversation()]

  const reply = await runImport(owner, threads, organizationId)

  const failure = { code: 'QUOTA_EXCEEDED', status: 403, systemMessage: 'Thread limit reached' }
  expect(reply).toFailWith({ ...failure, details: { organizationId, limit: 2 } })
  expect((await owner.must('Threads', { organizationId })).threads.totalCount).toBe(0)
  expect(await imported(owner, threads.slice(1), organizationId)).toMatchObject([
    { error: null },
    { error: null },
  ])
  expect(await imported(owner, threads.slice(1), organizationId)).toMatchObject([
    { status: 'UNCHANGED' },
    { status: 'UNCHANGED' },
  ])
})

test('two imports at once never pass the thread limit together', async () => {
  const { id: organizationId, owner } = await app.seed.organization()
  await app.pool.query('update usage set thread_limit = 3 where organization_id = $1', [organizationId])

  const replies = await Promise.all(
    [1, 2, 3].map(() => runImport(owner, [conversation(), conversation()], organizationId)),
  )

  expect(replies.filter(({ errors }) => errors)).toHaveLength(2)
  expect((await owner.must('Threads', { organizationId })).threads.totalCount).toBe(2)
  await expectInvariants(app.pool)
})

test('what is imported into a thread of a space is embedded without being asked', async () => {
  const organization = await app.seed.organization()
  const { id: organizationId, owner } = organization
  const space = await app.seed.space(organization)
  const thread = conversation(1)
  await imported(owner, [thread], organizationId)
  await app.seed.embedded(owner, await app.seed.link(space, { id: thread.id, owner }))

  await imported(owner, [conversation(4, thread.id)], organizationId)

  await eventually(async () => {
    const { space: seen } = await owner.must('Space', { id: space.id })
    expect(seen.vectorCount).toBe(4)
  })
})

test('of two imports at once that give a message to different threads, none leaves a hole', async () => {
  for (let round = 0; round < 6; round++) {
    const { id: organizationId, owner } = await app.seed.organization()
    const [first, second] = [conversation(3), conversation(3)]
    second.messages = second.messages.with(1, first.messages[1] as (typeof first.messages)[0])

    const calls = await Promise.all(
      [first, second].map((thread) => imported(owner, [thread], organizationId)),
    )

    const results = calls.flat()
    expect(results.filter(({ error }) => !error)).toMatchObject([{ importedMessageCount: 3 }])
    const message = 'A message with this id exists in another thread.'
    expect(results.filter(({ error }) => error)).toMatchObject([{ error: { code: 'CONFLICT', message } }])
    const { threads } = await owner.must('Threads', { organizationId })
    expect(threads.edges.map(({ node }: { node: { messageCount: number } }) => node.messageCount)).toEqual([
      3,
    ])
  }
  await expectInvariants(app.pool)
})
