import { buildSchema, type GraphQLField } from 'graphql'
import type { Pool } from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { printAppSchema } from '../../../src/app.resolvers.js'
import { startTestApp, type TestApp } from '../../support/app.js'
import type { TestClient } from '../../support/client.js'
import { eventually } from '../../support/eventually.js'
import { FakeEmbedder } from '../../support/fake.embedder.js'
import { MUTATIONS, OTHER_MODEL } from './mutation.table.js'

const FIELDS = buildSchema(printAppSchema()).getMutationType()?.getFields() ?? {}

/** The database refuses the event of a request with this id. */
const UNWRITABLE = 'unwritable'

let app: TestApp
let stranger: TestClient

beforeAll(async () => {
  const other = new FakeEmbedder(OTHER_MODEL)
  app = await startTestApp({ otherEmbedders: [other] })
  // Nothing is embedded, so that only the mutations of the test write.
  for (const embedder of [app.embedder, other]) {
    embedder.failNext(503, { 'retry-after': '3600' }, 1_000)
  }
  stranger = (await app.seed.organization()).owner
  await app.pool.query(`
    create function refuse_event() returns trigger language plpgsql as $$
      begin raise exception 'no event'; end $$`)
  await app.pool.query(`
    create trigger refuse_event before insert on audit_event for each row
      when (new.request_id = '${UNWRITABLE}') execute function refuse_event()`)
})
afterAll(() => app[Symbol.asyncDispose]())

test('every mutation of the schema is in the table', () => {
  expect(new Set(Object.keys(MUTATIONS))).toEqual(new Set(Object.keys(FIELDS)))
})

describe.each(Object.entries(MUTATIONS))('%s', (name, { action, prepare, refused }) => {
  test('writes one event with what it does, and none when it is refused', async () => {
    const { caller, variables } = await prepare(app)
    await waitForRest(app.pool)
    const before = await snapshot(app.pool)

    const refusal = await call(refused ? caller : stranger, name, refused ?? variables, 'refused')
    // With a path: it was the service that refused, not the schema.
    expect(refusal.errors).toMatchObject([{ path: [name] }])
    expect(await changes(app.pool, before)).toEqual([])

    const failure = await call(caller, name, variables, UNWRITABLE)
    expect(failure).toFailWith({ code: 'INTERNAL_SERVER_ERROR' })
    expect(await changes(app.pool, before)).toEqual([])

    const known = await countEvents(app.pool)
    const requestId = `done-${name}`
    const reply = await call(caller, name, variables, requestId)
    expect(reply.errors).toBeUndefined()
    const { rows } = await app.pool.query(
      'select action, actor_id as "actorId" from audit_event where request_id = $1',
      [requestId],
    )
    expect(rows).toEqual([{ action, actorId: caller.userId }])
    expect(await countEvents(app.pool)).toBe(known + 1)
  })
})

test('a mutation that fails after its event was written leaves no event', async () => {
  const { id: organizationId, owner } = await app.seed.organization()
  await app.pool.query('update usage set thread_limit = 0 where organization_id = $1', [organizationId])
  const before = await snapshot(app.pool)

  const reply = await call(owner, 'createThread', { input: { organizationId } }, 'over-the-limit')

  expect(reply).toFailWith({ code: 'QUOTA_EXCEEDED' })
  expect(await changes(app.pool, before)).toEqual([])
})

test('a mutation that is sent again with its idempotency key writes no second event', async () => {
  const { id, owner } = await app.seed.thread()
  const variables = { threadId: id, idempotencyKey: 'once' }
  const first = await call(owner, 'deleteThread', variables, 'first')
  const known = await countEvents(app.pool)

  const second = await call(owner, 'deleteThread', variables, 'second')

  expect(second.data).toEqual(first.data)
  expect(await countEvents(app.pool)).toBe(known)
})

function call(caller: TestClient, name: string, variables: Record<string, unknown>, requestId: string) {
  return caller.with({ 'x-request-id': requestId }).run(documentFor(name, Object.keys(variables)), variables)
}

/** The mutation with just these arguments. */
function documentFor(name: string, given: readonly string[]): string {
  const { args } = FIELDS[name] as GraphQLField<unknown, unknown>
  const used = args.filter((argument) => given.includes(argument.name))
  const declared = used.map((argument) => `$${argument.name}: ${argument.type}`)
  const passed = used.map((argument) => `${argument.name}: $${argument.name}`)
  const inParentheses = (words: string[]) => (words.length > 0 ? `(${words.join(', ')})` : '')
  return `mutation${inParentheses(declared)} { ${name}${inParentheses(passed)} { __typename } }`
}

async function waitForRest(pool: Pool): Promise<void> {
  await eventually(async () => {
    const { rows } = await pool.query(`
        select store_id from store_thread l join thread t on t.id = l.thread_id
        where lease_id is not null or (t.deleted_at is null and next_attempt_at < now() + interval '10 minutes')`)
    expect(rows).toEqual([])
  })
}

async function countEvents(pool: Pool): Promise<number> {
  const { rows } = await pool.query('select count(*)::int as count from audit_event')
  return rows[0].count
}

/** The contents of the database, by table. */
async function snapshot(pool: Pool): Promise<Map<string, string>> {
  const { rows } = await pool.query(`
    select table_name as name from information_schema.tables
    where table_schema = 'public' and table_type = 'BASE TABLE' order by table_name`)
  const contents = new Map<string, string>()
  for (const { name } of rows) {
    const { rows: all } = await pool.query(
      `select coalesce(md5(string_agg(t::text, e'\\n' order by t::text)), '') as content from "${name}" t`,
    )
    contents.set(name, all[0].content)
  }
  return contents
}

/** The tables that hold something else than they did. */
async function changes(pool: Pool, before: ReadonlyMap<string, string>): Promise<string[]> {
  const after = await snapshot(pool)
  return [...after].flatMap(([name, content]) => (before.get(name) === content ? [] : [name]))
}
