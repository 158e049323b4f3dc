import {
  GraphQLInt,
  GraphQLObjectType,
  GraphQLSchema,
  GraphQLString,
  OperationTypeNode,
  parse,
} from 'graphql'
import { beforeEach, expect, test } from 'vitest'
import type { Context } from '../../src/features/access/context.js'
import type { Viewer } from '../../src/features/access/viewer.js'
import { LoaderDefinition } from '../../src/platform/graphql/loader.js'
import { readRequestInfo } from '../../src/platform/request.js'
import { ServerContext } from '../../src/server/context.js'
import { ErrorFormatter } from '../../src/server/error.format.js'
import { EventStream } from '../../src/server/operations/event.stream.js'
import type { PreparedOperation } from '../../src/server/operations/operation.prepare.js'
import { OperationRunner } from '../../src/server/operations/operation.runner.js'
import type { Json } from '../support/client.js'
import { LogLines } from '../support/log.lines.js'

/** Subscribers who are told of the same events. */

const EVENTS = [{ sequence: 1 }, { sequence: 2 }]

const secret = new LoaderDefinition<string, string>(
  async (keys, viewerId) => new Map(keys.map((key) => [key, `${key} of ${viewerId}`])),
)

const LIMITS = { timeoutMs: 15_000, replyBytes: 1_000_000 }

let executed: number
let runner: OperationRunner
let schema: GraphQLSchema

beforeEach(() => {
  executed = 0
  const progress = new GraphQLObjectType({
    name: 'Progress',
    fields: {
      sequence: { type: GraphQLInt },
      owner: { type: GraphQLString, resolve: (_, __, { viewer }: Context) => viewer.userId },
      secret: {
        type: GraphQLString,
        resolve: (_, __, { loaders }: Context) => loaders.load(secret, 'secret'),
      },
    },
  })
  const subscription = new GraphQLObjectType({
    name: 'Subscription',
    fields: {
      progress: {
        type: progress,
        args: { of: { type: GraphQLString } },
        subscribe: async function* () {
          yield* EVENTS
        },
        resolve: (event) => {
          executed += 1
          return event
        },
      },
    },
  })
  const query = new GraphQLObjectType({ name: 'Query', fields: { ok: { type: GraphQLString } } })
  schema = new GraphQLSchema({ query, subscription })
  const { logger } = new LogLines()
  runner = new OperationRunner(schema, new ErrorFormatter(logger), LIMITS, logger, {})
})

/** What one subscriber is told. */
async function told(userId: string, selection: string, of = 'all'): Promise<Json[]> {
  const viewer = { userId } as Viewer
  const query = `subscription ($of: String) { progress(of: $of) { ${selection} } }`
  const stream = await runner.subscribe({
    kind: OperationTypeNode.SUBSCRIPTION,
    reportsCost: false,
    schema,
    query,
    document: parse(query),
    variableValues: { of },
    contextValue: new ServerContext(
      viewer,
      readRequestInfo(() => undefined),
      0,
    ),
  } as Partial<PreparedOperation> as PreparedOperation)
  const events: Json[] = []
  if (stream instanceof EventStream) for await (const { data } of stream) events.push(data?.progress)
  return events
}

test('equal subscriptions are executed once for each event, whoever subscribed', async () => {
  const users = Array.from({ length: 10 }, (_, number) => `user_${number}`)

  const all = await Promise.all(users.map((user) => told(user, 'sequence')))

  expect(all).toEqual(users.map(() => EVENTS))
  expect(executed).toBe(EVENTS.length)
})

test('other variables, and other fields, are other results', async () => {
  const all = await Promise.all([
    told('user', 'sequence'),
    told('user', 'sequence', 'another'),
    told('user', 'number: sequence'),
  ])

  expect(all).toEqual([EVENTS, EVENTS, EVENTS.map(({ sequence }) => ({ number: sequence }))])
  expect(executed).toBe(3 * EVENTS.length)
})

test.each([
  ['who is calling', 'owner', (user: string) => ({ owner: user })],
  ['what the caller may load', 'secret', (user: string) => ({ secret: `secret of ${user}` })],
])('what depends on %s is made for each by itself', async (_, selection, expected) => {
  const users = ['user_a', 'user_b', 'user_c']

  const all = await Promise.all(users.map((user) => told(user, selection)))

  expect(all).toEqual(users.map((user) => EVENTS.map(() => expected(user))))
  expect(executed).toBe(users.length * EVENTS.length)
})
