import { randomBytes } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../../support/app.js'
import { testServerUrl } from '../../support/database.js'
import { eventually } from '../../support/eventually.js'
import { FakeEmbedder } from '../../support/fake.embedder.js'
import { expectInvariants } from '../../support/invariants.js'
import type { Seeded, SeededThread } from '../../support/seed.js'

const MIN_VECTORS = 100
let app: TestApp

async function open(embedder = new FakeEmbedder({ batchSize: 64 })): Promise<void> {
  app = await startTestApp({
    embedder,
    environment: { VECTOR_INDEX_MIN_VECTORS: String(MIN_VECTORS) },
    timings: { backfill: { pollMs: 50, retryMs: 20 }, purge: { pollMs: 50 }, vectorIndex: { pollMs: 50 } },
  })
}

async function indexes(): Promise<{ name: string; isValid: boolean }[]> {
  const { rows } = await app.pool.query(
    `select c.relname as name, i.indisvalid as "isValid" from pg_index i join pg_class c on c.oid = i.indexrelid
     where i.indrelid = 'embedding'::regclass and c.relname like 'embedding_hnsw%' order by 1`,
  )
  return rows
}

async function untilIndexed(count: number): Promise<void> {
  await eventually(async () => {
    const { rows } = await app.pool.query('select from vector_index where ready_at is not null')
    expect(rows).toHaveLength(count)
    expect((await indexes()).filter(({ isValid }) => isValid)).toHaveLength(count)
  })
}

/** An index that was built between two threads is known for the first one's vectors until the next look. */
async function untilCounted(vectors: number): Promise<void> {
  await eventually(async () => {
    const { rows } = await app.pool.query('select vectors::int from vector_index')
    expect(rows).toEqual([{ vectors }])
  })
}

function texts(count: number, name = 'wool'): string[] {
  return Array.from({ length: count }, (_, index) => `${name} ${index} ${randomBytes(6).toString('hex')}`)
}

async function embed(space: Seeded, thread: SeededThread): Promise<void> {
  await app.seed.embedded(space.owner, await app.seed.link(space, thread))
}

async function searched(space: Seeded, query: string, first: number): Promise<string[]> {
  const reply = await space.owner.must(
    `query ($spaceId: ID!, $query: String!, $first: Int) {
      searchSpace(spaceId: $spaceId, query: $query, first: $first, mode: SEMANTIC) { edges { node { id } } }
    }`,
    { spaceId: space.id, query, first },
  )
  return reply.searchSpace.edges.map(({ node }: { node: { id: string } }) => node.id)
}

/** Whether the index fits what a search asks. So few vectors are sorted sooner than looked up in it. */
async function fitsIndex(space: Seeded): Promise<boolean> {
  const client = await app.pool.connect()
  try {
    await client.query('begin; set local enable_sort = off')
    const { rows } = await client.query(
      `explain select message_id from embedding e where store_id = '${space.id}'
       order by e.vector::halfvec(64) <=> (select vector from embedding limit 1)::halfvec(64) limit 10`,
    )
    await client.query('rollback')
    return rows.some((row) => row['QUERY PLAN'].includes('embedding_hnsw'))
  } finally {
    client.release()
  }
}

describe.runIf(testServerUrl())('on PostgreSQL', () => {
  beforeEach(() => open())
  afterEach(() => app[Symbol.asyncDispose]())

  test('a space that grows past the size gets an index, a small one beside it none, and both find everything', async () => {
    const organization = await app.seed.organization()
    const [large, small] = [await app.seed.space(organization), await app.seed.space(organization)]
    const thread = await app.seed.thread({ organization, messages: texts(MIN_VECTORS * 3) })
    const other = await app.seed.thread({ organization, messages: texts(20) })
    await Promise.all([embed(large, thread), embed(small, other)])

    await untilIndexed(1)

    expect(await fitsIndex(large)).toBe(true)
    expect(await fitsIndex(small)).toBe(false)
    expect(new Set(await searched(large, 'wool 7', 100)).size).toBe(100)
    expect(new Set(await searched(small, 'wool 7', 100)).size).toBe(20)
    await expectInvariants(app.pool)
  })

  test('a search gets as many hits as asked for, also when the index is full of what a filter leaves out', async () => {
    const organization = await app.seed.organization()
    const space = await app.seed.space(organization)
    const hidden = await app.seed.thread({ organization, messages: texts(MIN_VECTORS * 3) })
    const shown = await app.seed.thread({ organization, messages: texts(60, 'linen') })
    await Promise.all([embed(space, hidden), embed(space, shown)])
    await untilIndexed(1)

    await organization.owner.must('DeleteThread', { threadId: hidden.id, mode: 'SOFT' })

    expect(new Set(await searched(space, 'wool', 50)).size).toBe(50)
    const found = await searched(space, 'wool', 100)
    expect(new Set(found)).toEqual(new Set(shown.messageIds))
  })

  test('an index goes when its space is emptied, and is built anew when much of the space was deleted', async () => {
    const organization = await app.seed.organization()
    const space = await app.seed.space(organization)
    const large = await app.seed.thread({ organization, messages: texts(MIN_VECTORS * 2) })
    const rest = await app.seed.thread({ organization, messages: texts(MIN_VECTORS * 2, 'linen') })
    await Promise.all([embed(space, large), embed(space, rest)])
    await untilIndexed(1)
    await untilCounted(MIN_VECTORS * 4)
    const before = await oidOfIndex()

    await organization.owner.must('RemoveThreadFromSpace', { spaceId: space.id, threadId: large.id })

    await eventually(async () => {
      await untilIndexed(1)
      expect(await oidOfIndex()).not.toBe(before)
    })
    expect(new Set(await searched(space, 'linen', 100)).size).toBe(100)

    await organization.owner.must('DeleteSpace', { spaceId: space.id })
    await eventually(async () => {
      expect(await indexes()).toEqual([])
      expect((await app.pool.query('select from vector_index')).rowCount).toBe(0)
    })
  })

  test('what a node began and did not finish is built by the next', async () => {
    const organization = await app.seed.organization()
    const space = await app.seed.space(organization)
    await app.pool.query('insert into vector_index (store_id, vectors) values ($1, 1)', [space.id])

    await embed(space, await app.seed.thread({ organization, messages: texts(MIN_VECTORS * 2) }))

    await untilIndexed(1)
  })

  test('two nodes build one index', async () => {
    await using second = await startTestApp({
      database: app.database,
      environment: { VECTOR_INDEX_MIN_VECTORS: String(MIN_VECTORS) },
      timings: { vectorIndex: { pollMs: 20 } },
    })
    const organization = await app.seed.organization()
    const space = await app.seed.space(organization)
    await embed(space, await app.seed.thread({ organization, messages: texts(MIN_VECTORS * 2) }))

    await untilIndexed(1)

    expect(second.logs.text() + app.logs.text()).not.toContain('a step of a worker failed')
    expect((second.logs.text() + app.logs.text()).match(/vector index built/g)).toHaveLength(1)
  })
})

describe.runIf(testServerUrl())('with wide vectors on PostgreSQL', () => {
  beforeEach(() => open(new FakeEmbedder({ dimensions: 1_536, batchSize: 64 })))
  afterEach(() => app[Symbol.asyncDispose]())

  test('the bits are indexed, and the vectors rank what they find', async () => {
    const organization = await app.seed.organization()
    const space = await app.seed.space(organization)
    const thread = await app.seed.thread({ organization, messages: texts(MIN_VECTORS * 2) })
    await embed(space, thread)
    const [nearest] = await searched(space, 'wool 7', 20)

    await untilIndexed(1)

    const found = await searched(space, 'wool 7', 20)
    expect(found[0]).toBe(nearest)
    expect(new Set(found).size).toBe(20)
  })
})

describe.runIf(!testServerUrl())('on the embedded database', () => {
  beforeEach(() => open())
  afterEach(() => app[Symbol.asyncDispose]())

  test('a large space is searched exactly, without an index', async () => {
    const organization = await app.seed.organization()
    const space = await app.seed.space(organization)
    await embed(space, await app.seed.thread({ organization, messages: texts(MIN_VECTORS * 2) }))

    expect(new Set(await searched(space, 'wool 7', 100)).size).toBe(100)
    expect(await indexes()).toEqual([])
  })
})

async function oidOfIndex(): Promise<number> {
  const { rows } = await app.pool.query(
    `select oid::int from pg_class where relname like 'embedding_hnsw%' and relkind = 'i'`,
  )
  return rows[0]?.oid
}
