import { buildSchema, type GraphQLField } from 'graphql'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { printAppSchema } from '../../src/app.resolvers.js'
import { SCOPE_TABLE } from '../../src/features/access/scope.table.js'
import { startTestApp, type TestApp } from '../support/app.js'
import type { Reply } from '../support/client.js'
import { TestEventStream } from '../support/event.stream.js'
import { FakeEmbedder } from '../support/fake.embedder.js'
import type { End } from '../support/subscription.js'
import { type Caller, REPRESENTATIVES, seedCallers, seedGranted } from './access.callers.js'
import {
  capital,
  expectation,
  isRefusal,
  MISSING,
  type OperationKind,
  PASSES,
  type State,
} from './access.rules.js'
import { type Operation, TABLE } from './access.table.js'
import { type Granted, type Ids, NOT_THERE, OTHER_MODEL, seedTenant, type Tenant } from './access.world.js'

/** Every operation, called by everybody, on everything, over every transport: what is said follows from one set of rules. */

const SCHEMA = buildSchema(printAppSchema())
const STATES = ['exists', 'foreign', 'missing', 'deleted'] as const
const KINDS = ['query', 'mutation', 'subscription'] as const
const FIELDS = {
  query: SCHEMA.getQueryType()?.getFields() ?? {},
  mutation: SCHEMA.getMutationType()?.getFields() ?? {},
  subscription: SCHEMA.getSubscriptionType()?.getFields() ?? {},
}
const ROWS = KINDS.flatMap((kind) =>
  Object.entries(TABLE[kind]).map(([name, operation]) => [name, kind, operation] as const),
)

type Variables = Record<string, unknown>
type Send = (caller: Caller, document: string, variables: Variables) => Promise<Reply>

interface Transport {
  carries: readonly OperationKind[]
  /** called by everybody, not by the representatives only */
  toAll: readonly OperationKind[]
  send: Send
}

const TRANSPORTS: Record<string, Transport> = {
  HTTP: {
    carries: ['query', 'mutation'],
    toAll: ['query', 'mutation'],
    send: ({ client }, ...call) => client.run(...call),
  },
  WebSocket: { carries: KINDS, toAll: ['subscription'], send: sendOverWebSocket },
  'server-sent events': { carries: KINDS, toAll: [], send: sendOverEventStream },
}

let app: TestApp
let tenant: Tenant
let foreign: Tenant
let granted: Granted
let callers: Record<string, Caller>

beforeAll(async () => {
  app = await startTestApp({
    otherEmbedders: [new FakeEmbedder(OTHER_MODEL)],
    timings: { backfill: { parallel: 0 } },
  })
  granted = await seedGranted(app)
  tenant = await seedTenant(app, granted)
  foreign = await seedTenant(app, await seedGranted(app))
  callers = await seedCallers(app, tenant, granted)
})
afterAll(async () => {
  for (const { socket } of Object.values(callers)) await socket.close()
  await app[Symbol.asyncDispose]()
})

test.each(KINDS)('every %s of the schema has a row', (kind) => {
  expect(new Set(Object.keys(TABLE[kind]))).toEqual(new Set(Object.keys(FIELDS[kind])))
})

describe.each(Object.entries(TRANSPORTS))('over %s', (_, { carries, toAll, send }) => {
  test.each(ROWS.filter(([, kind]) => carries.includes(kind)))('%s', async (name, kind, operation) => {
    const document = documentFor(name, kind, Object.keys(operation.variables(tenant.ids)))
    const scopes = SCOPE_TABLE[`${capital(kind)}.${name}`] ?? []
    const expected: Record<string, string> = {}
    const replies: Record<string, Reply> = {}
    for (const [who, caller] of Object.entries(callers)) {
      if (!toAll.includes(kind) && !REPRESENTATIVES.includes(who)) continue
      await Promise.all(
        statesFor(caller, operation).map(async (state) => {
          const cell = `${who}, ${state}`
          expected[cell] = expectation(caller, scopes, operation, state)
          const passes = expected[cell] === PASSES
          const ids = await idsFor(operation, state, passes)
          replies[cell] = await send(caller, document, operation.variables(ids))
          if (passes) await operation.restore?.(app, tenant, caller)
        }),
      )
    }

    const said = Object.entries(replies).map(([cell, reply]) => [cell, saidBy(reply)])
    expect(Object.fromEntries(said)).toEqual(expected)
    expectAlike(expected, replies)
  })
})

test('those who call over each transport are callers', () => {
  expect(Object.keys(callers)).toEqual(expect.arrayContaining([...REPRESENTATIVES]))
})

/** Without a valid credential the socket is closed before it carries anything. */
function refusalOf(end: End): Reply {
  const [, systemMessage] = (end.kind === 'closed' && /^Forbidden: (.*)$/.exec(end.reason)) || []
  if (systemMessage === undefined) throw new Error(`No reply: ${JSON.stringify(end)}`)
  const extensions = { code: 'UNAUTHENTICATED', systemMessage }
  return {
    data: null,
    errors: [{ message: systemMessage, extensions }],
    status: null,
    headers: new Headers(),
  }
}

/** What comes first: a reply in an event, or before the stream a refusal. */
async function sendOverEventStream(
  { client }: Caller,
  document: string,
  variables: Variables,
): Promise<Reply> {
  await using stream = new TestEventStream(client)
  const response = await stream.open(document, variables)
  const { status, headers } = response
  const reply = response.ok ? (await stream.next())?.data : await response.json()
  return { ...reply, status, headers }
}

/** Callers who get RESOURCE_NOT_FOUND cannot tell whether the object exists. */
function expectAlike(expected: Record<string, string>, replies: Record<string, Reply>): void {
  const first: Record<string, unknown> = {}
  for (const [cell, reply] of Object.entries(replies)) {
    const text = expected[cell] ?? ''
    if (!text.startsWith(MISSING)) continue
    first[text] ??= envelopeOf(reply)
    expect(envelopeOf(reply), cell).toEqual(first[text])
  }
}

/** A subscription's first reply. All operations of a caller share a socket. */
async function sendOverWebSocket({ socket }: Caller, document: string, variables: Variables): Promise<Reply> {
  const subscription = socket.subscribe(document, variables)
  const reply = await subscription.next()
  await subscription.stop()
  return reply ?? refusalOf(await subscription.end())
}

/** Without a credential nothing is looked for, and what names nothing is in one state. */
function statesFor({ is }: Caller, { needs }: Operation): readonly State[] {
  if (isRefusal(is) || needs.length === 0) return ['exists']
  // Nothing else is soft-deleted.
  const canBeDeleted = needs.some(({ of }) => of === 'thread' || of === 'space')
  return STATES.filter((state) => state !== 'deleted' || canBeDeleted)
}

async function idsFor({ renew }: Operation, state: State, isDone: boolean): Promise<Ids> {
  if (state === 'missing') return NOT_THERE
  if (state === 'foreign') return foreign.ids
  const ids = state === 'deleted' ? tenant.deleted : tenant.ids
  return isDone && renew ? { ...ids, ...(await renew(app, tenant, granted, state)) } : ids
}

/** The field with just these arguments. */
function documentFor(name: string, kind: OperationKind, given: readonly string[]): string {
  const { args } = FIELDS[kind][name] as GraphQLField<unknown, unknown>
  const used = args.filter((argument) => given.includes(argument.name))
  expect(used).toHaveLength(given.length)
  const declared = used.map((argument) => `$${argument.name}: ${argument.type}`)
  const passed = used.map((argument) => `${argument.name}: $${argument.name}`)
  const inParentheses = (words: string[]) => (words.length > 0 ? `(${words.join(', ')})` : '')
  return `${kind}${inParentheses(declared)} { ${name}${inParentheses(passed)} { __typename } }`
}

/** The refusal of access; what else is refused has passed it. */
function saidBy({ errors }: Reply): string {
  const [error] = errors ?? []
  const { code, systemMessage } = error?.extensions ?? {}
  return !error || ['CONFLICT', 'VALIDATION_ERROR'].includes(code) ? PASSES : `${code} ${systemMessage}`
}

/** The whole reply, except ids and times. */
function envelopeOf({ data, errors, status }: Reply): unknown {
  const told = errors?.map(({ message, path, extensions }) => {
    const { traceId: _, timestamp: __, details, ...rest } = extensions
    return { message, path, ...rest, details: Object.keys(details ?? {}) }
  })
  return { data: data ?? null, status, told }
}
