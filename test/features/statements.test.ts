import { GraphQLObjectType, GraphQLSchema, GraphQLString, parse } from 'graphql'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Context } from '../../src/features/access/context.js'
import { LoaderDefinition } from '../../src/platform/graphql/loader.js'
import { readRequestInfo } from '../../src/platform/request.js'
import { ServerContext } from '../../src/server/context.js'
import { ErrorFormatter } from '../../src/server/error.format.js'
import { EventStream } from '../../src/server/operations/event.stream.js'
import type { PreparedOperation } from '../../src/server/operations/operation.prepare.js'
import { OperationRunner } from '../../src/server/operations/operation.runner.js'
import { startTestApp, type TestApp } from '../support/app.js'
import { IDLE_WORKERS } from '../support/idle.workers.js'
import type { Seeded } from '../support/seed.js'
import { countStatements } from '../support/statements.js'

const AN_HOUR_MS = 3_600_000

let app: TestApp

beforeAll(async () => {
  app = await startTestApp({ timings: IDLE_WORKERS })
})
afterAll(() => app[Symbol.asyncDispose]())

/** An organization with so many threads, each with a project and messages of its own, all of them in a space. */
async function filled(count: number) {
  const organization = await app.seed.organization()
  const space = await app.seed.space(organization)
  for (let index = 0; index < count; index++) await addThread(organization, space)
  return { organization, space, owner: organization.owner }
}

async function addThread(organization: Seeded, space: Seeded): Promise<void> {
  const member = await app.seed.member(organization, 'ADMIN')
  const project = await app.seed.project(organization)
  const thread = await app.seed.thread({ organization, owner: member, project, messages: 2 })
  await member.must('AddThreadToSpace', { spaceId: space.id, threadId: thread.id })
}

test('a list costs the same number of statements for 5 entries as for 50', async () => {
  const few = await filled(5)
  const many = await filled(50)
  const documents = [
    ['Threads', ({ organization }: typeof few) => ({ organizationId: organization.id, first: 100 })],
    ['Space', ({ space }: typeof few) => ({ id: space.id, first: 100 })],
  ] as const

  for (const [name, variables] of documents) {
    const forFew = await countStatements(() => few.owner.must(name, variables(few)))
    const forMany = await countStatements(() => many.owner.must(name, variables(many)))
    expect(forMany, name).toBe(forFew)
    expect(forMany, name).toBeLessThan(12)
  }
  const { threads } = await many.owner.must('Threads', { organizationId: many.organization.id, first: 100 })
  expect(threads.edges).toHaveLength(50)
  const node = threads.edges[0].node
  expect(node).toMatchObject({ messageCount: 2, project: { name: 'Website' } })
  expect(node.lastMessage.content).toBe('message 1 about topic 1')
  const { space } = await many.owner.must('Space', { id: many.space.id, first: 100 })
  expect(space.threads.edges).toHaveLength(50)
  expect(new Set(space.threads.edges.map((edge: { addedBy: Seeded }) => edge.addedBy.id)).size).toBe(50)
  expect(space.threads.edges.every((edge: { backfill: unknown }) => edge.backfill !== null)).toBe(true)
})

test('a subscription tells how 2 and how 20 backfills stand with the same number of statements', async () => {
  const statements: number[] = []
  for (const count of [2, 20]) {
    const { space, owner } = await filled(count)
    await using socket = owner.open()
    await socket.run('Viewer')
    statements.push(
      await countStatements(async () => {
        const subscription = socket.subscribe('SpaceBackfillProgress', { spaceId: space.id })
        const seen = new Set<string>()
        while (seen.size < count) {
          seen.add((await subscription.next())?.data.spaceBackfillProgress.backfillId)
        }
      }),
    )
  }

  expect(statements[1]).toBe(statements[0])
  expect(statements[1]).toBeLessThan(8)
})

test('what one event of a subscription has loaded is loaded again for the next', async () => {
  let reads = 0
  const definition = new LoaderDefinition<string, string>(async (keys) => {
    reads += 1
    return new Map(keys.map((key) => [key, `${key} as read ${reads} times`]))
  })
  const load = (_: unknown, __: unknown, { loaders }: Context) => loaders.load(definition, 'name')
  const node = new GraphQLObjectType({
    name: 'Node',
    fields: { name: { type: GraphQLString, resolve: load }, again: { type: GraphQLString, resolve: load } },
  })
  const query = new GraphQLObjectType({ name: 'Query', fields: { node: { type: node } } })
  const events = async function* () {
    yield {}
    yield {}
  }
  const subscription = new GraphQLObjectType({
    name: 'Subscription',
    fields: { node: { type: node, subscribe: events, resolve: () => ({}) } },
  })
  const schema = new GraphQLSchema({ query, subscription })
  const limits = { timeoutMs: AN_HOUR_MS, replyBytes: 1_000 }
  const runner = new OperationRunner(schema, new ErrorFormatter(app.logs.logger), limits, app.logs.logger, {})
  const contextValue = new ServerContext(
    null,
    readRequestInfo(() => undefined),
    0,
  )
  const document = parse('subscription { node { name again } }')

  const stream = await runner.subscribe({ schema, document, contextValue } as PreparedOperation)

  const names: unknown[] = []
  if (stream instanceof EventStream) for await (const { data } of stream) names.push(data?.node)
  expect(names).toEqual([1, 2].map((time) => ({ name: says(time), again: says(time) })))

  function says(times: number): string {
    return `name as read ${times} times`
  }
})
