import { afterEach, beforeEach, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../../support/app.js'
import type { TestClient } from '../../support/client.js'
import { openTestDatabase, type TestDatabase } from '../../support/database.js'
import { eventually } from '../../support/eventually.js'
import { FakeEmbedder } from '../../support/fake.embedder.js'
import { expectSoundRest } from '../../support/rest.js'
import type { SeededLink } from '../../support/seed.js'
import {
  asked,
  embeddedSpace,
  ended,
  foundIn,
  memoryOf,
  NEXT,
  OLD,
  reembed,
  reembeddingOf,
  startTwoModels,
  TIMINGS,
  type TwoModels,
  texts,
} from './reembedding.fixture.js'

let database: TestDatabase
let nodes: TestApp[]

beforeEach(async () => {
  database = await openTestDatabase()
  nodes = []
})
afterEach(async () => {
  await expectSoundRest(database.pool)
  for (const node of nodes) await node[Symbol.asyncDispose]()
  await database.close()
})

async function startNode(): Promise<TwoModels> {
  const node = await startTwoModels({ database })
  nodes.push(node.app)
  return node
}

/** A server that has one of the models only. */
async function startWith(model: { model: string; dimensions: number }): Promise<TestApp> {
  const node = await startTestApp({ database, embedder: new FakeEmbedder(model), timings: TIMINGS })
  nodes.push(node)
  return node
}

/** The same caller, at another server. */
const at = (node: TestApp, { userId }: TestClient): Promise<TestClient> => node.as(userId ?? '')

async function spaceAt(node: TestApp, { space, owner }: SeededLink) {
  return { id: space.id, owner: await at(node, owner) }
}

const MEMORY = texts('memory', 12)

test('a server that stops in the middle leaves the old memory serving, and the next one finishes the new one', async () => {
  const first = await startNode()
  const link = await embeddedSpace(first.app, texts('memory', 60))
  first.next.delay(30)
  const { id } = await reembed(link.space)
  await eventually(async () => expect((await reembeddingOf(link.owner, id)).processed).toBeGreaterThan(0))
  await first.app.stop()

  const second = await startNode()
  second.next.pause()
  const space = await spaceAt(second.app, link)

  const { reembedding, ...memory } = await memoryOf(space)
  expect(memory).toMatchObject({ embeddingModel: OLD.model, vectorCount: 60 })
  expect(reembedding).toMatchObject({ id, status: 'RUNNING', total: 60 })
  expect((await foundIn(space, 'memory 3')).size).toBe(50)
  second.next.resume()
  expect(await ended(space.owner, id)).toMatchObject({ status: 'COMPLETED', embedded: 60 })
  expect(await memoryOf(space)).toMatchObject({ embeddingModel: NEXT.model, vectorCount: 60 })
})

test('a switch that breaks at its end leaves everything as it was, and is made again once the new memory is behind nowhere', async () => {
  const { app, next } = await startNode()
  const link = await embeddedSpace(app)
  await database.pool.query(`
    create function break_switch() returns trigger language plpgsql as $$ begin raise exception 'broken'; end $$`)
  await database.pool.query(`
    create trigger break_switch before insert on audit_event for each row
      when (new.action = 'space.reembedded') execute function break_switch()`)
  const { id } = await reembed(link.space)
  await eventually(() =>
    expect(app.logs.text()).toContain('a re-embedding could not be finished; trying again'),
  )

  expect(await memoryOf(link.space)).toMatchObject({
    embeddingModel: OLD.model,
    vectorCount: 12,
    reembedding: { id, status: 'RUNNING', embedded: 12, percent: 100 },
  })
  expect(await foundIn(link.space, 'memory 3')).toEqual(new Set(MEMORY))
  // Nor is it made while the old memory knows what the new one does not.
  next.pause()
  await app.seed.messages(link.thread, ['late'])
  await eventually(async () => expect(await foundIn(link.space, 'late')).toContain('late'))
  await database.pool.query('drop trigger break_switch on audit_event')
  await app.seed.messages(link.thread, ['later'])
  await eventually(async () => expect(await foundIn(link.space, 'later')).toContain('later'))
  expect(await reembeddingOf(link.owner, id)).toMatchObject({ status: 'RUNNING' })
  next.resume()

  expect(await ended(link.owner, id)).toMatchObject({ status: 'COMPLETED', embedded: 12 })
  expect(await foundIn(link.space, 'late')).toEqual(new Set([...MEMORY, 'late', 'later']))
  expect(await memoryOf(link.space)).toMatchObject({ embeddingModel: NEXT.model, vectorCount: 14 })
})

test('a server that stops while it drops the old memory leaves the rest of it to the next one', async () => {
  const first = await startTwoModels({ database, timings: { purge: { pollMs: 50, dropAfterMs: 3_600_000 } } })
  nodes.push(first.app)
  const link = await embeddedSpace(first.app)
  await ended(link.owner, (await reembed(link.space)).id)
  await first.app.stop()
  const left = 'select distinct model from embedding order by model'
  expect((await database.pool.query(left)).rows).toEqual([{ model: OLD.model }, { model: NEXT.model }])

  await startNode()

  await eventually(async () =>
    expect((await database.pool.query(left)).rows).toEqual([{ model: NEXT.model }]),
  )
})

test('while the new embedder is away the progress says so and the old memory serves; then it goes on by itself', async () => {
  const { app, next } = await startNode()
  const link = await embeddedSpace(app)
  next.failNext(503, { 'retry-after': '1' }, 2)

  const { id } = await reembed(link.space)

  await eventually(async () => {
    expect(await reembeddingOf(link.owner, id)).toMatchObject({
      status: 'RUNNING',
      processed: 0,
      lastError: expect.any(String),
      nextAttemptAt: expect.any(String),
    })
  })
  expect(await foundIn(link.space, 'memory 3')).toEqual(new Set(MEMORY))
  expect(await ended(link.owner, id)).toMatchObject({
    status: 'COMPLETED',
    embedded: 12,
    lastError: null,
    nextAttemptAt: null,
  })
})

test('a space whose model the server no longer has keeps its threads, and a re-embedding is the way out', async () => {
  const first = await startNode()
  const link = await embeddedSpace(first.app)
  await first.app.stop()

  const second = await startWith(NEXT)

  const space = await spaceAt(second, link)
  const search = { spaceId: space.id, query: 'memory 3' }
  expect(await memoryOf(space)).toMatchObject({ embeddingModel: OLD.model, threadCount: 1, vectorCount: 12 })
  const { id } = await reembed(space)
  expect(await ended(space.owner, id)).toMatchObject({ status: 'COMPLETED', embedded: 12 })
  expect((await space.owner.must('SearchSpace', search)).searchSpace.edges).not.toEqual([])
  expect(await foundIn(space, 'memory 3')).toEqual(new Set(MEMORY))
})

test('when the server loses the new model, the re-embedding waits for it and the old memory serves', async () => {
  const first = await startNode()
  const link = await embeddedSpace(first.app)
  first.next.pause()
  const { id } = await reembed(link.space)
  await asked(first.next)
  await first.app.stop()

  const second = await startWith(OLD)

  const space = await spaceAt(second, link)
  await eventually(async () =>
    expect((await reembeddingOf(space.owner, id)).lastError).toContain(
      `but this server embeds with ${OLD.model}`,
    ),
  )
  expect(await foundIn(space, 'memory 3')).toEqual(new Set(MEMORY))
  // Once it has stopped: it would try again at once, and put the next attempt off.
  await second.stop()
  await database.pool.query(
    'update store_thread set next_attempt_at = now() where next_attempt_at is not null',
  )
  const third = await startNode()
  const again = await spaceAt(third.app, link)
  expect(await ended(again.owner, id)).toMatchObject({ status: 'COMPLETED', embedded: 12 })
})

test('two nodes build one memory and switch once', async () => {
  const [first, second] = [await startNode(), await startNode()]
  const organization = await first.app.seed.organization()
  const space = await first.app.seed.space(organization)
  const names = texts('thread', 8)
  const threads = await Promise.all(
    names.map((name) => first.app.seed.thread({ organization, messages: texts(name, 10) })),
  )
  const backfills = await Promise.all(threads.map((thread) => first.app.seed.link(space, thread)))
  await Promise.all(backfills.map((id) => first.app.seed.embedded(space.owner, id)))
  for (const { next } of [first, second]) next.delay(20)
  const other = { id: space.id, owner: await at(second.app, space.owner) }

  const [{ id }] = await Promise.all([reembed(space), reembed(other)])

  const [here, there] = await Promise.all([ended(space.owner, id), ended(other.owner, id)])
  expect(here).toMatchObject({ status: 'COMPLETED', total: 80, embedded: 80 })
  expect(there).toEqual(here)
  const { rows } = await database.pool.query(
    "select actor_id from audit_event where action = 'space.reembedded' and target_id = $1",
    [space.id],
  )
  expect(rows).toEqual([{ actor_id: 'system' }])
  expect(await memoryOf(other)).toMatchObject({ embeddingModel: NEXT.model, vectorCount: 80, threadCount: 8 })
})
