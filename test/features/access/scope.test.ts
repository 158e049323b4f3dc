import {
  buildSchema,
  type GraphQLField,
  type GraphQLInputType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isObjectType,
  isRequiredArgument,
  isRequiredInputField,
} from 'graphql'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { printAppSchema } from '../../../src/app.resolvers.js'
import { SCOPE_TABLE, SCOPES } from '../../../src/features/access/scope.table.js'
import { startTestApp, type TestApp } from '../../support/app.js'
import type { Reply, TestClient } from '../../support/client.js'

/** What a key may be used for, asked of every field of the table. */

const SCHEMA = buildSchema(printAppSchema())
const ROOTS = ['Query', 'Mutation', 'Subscription'] as const
const KEY_SCOPES = SCOPES.filter((scope) => scope !== 'act-on-behalf')
const UNKNOWN = 'unknown_to_everybody'

let app: TestApp
let owner: TestClient
/** by the one scope that it lacks */
const lacking = new Map<string, TestClient>()
let everything: TestClient

beforeAll(async () => {
  app = await startTestApp()
  owner = (await app.seed.organization()).owner
  for (const scope of KEY_SCOPES) {
    const others = KEY_SCOPES.filter((other) => other !== scope)
    lacking.set(scope, (await app.seed.apiKey(owner, others)).client)
  }
  everything = (await app.seed.apiKey(owner, KEY_SCOPES)).client
})
afterAll(() => app[Symbol.asyncDispose]())

function fieldOf(path: string): GraphQLField<unknown, unknown> {
  const [type = '', name = ''] = path.split('.')
  const parent = SCHEMA.getType(type)
  const field = isObjectType(parent) ? parent.getFields()[name] : undefined
  if (!field) throw new Error(`${path} is no field`)
  return field
}

/** A value that the schema takes and that names nothing. */
function exampleOf(type: GraphQLInputType): string {
  if (isNonNullType(type)) return exampleOf(type.ofType)
  if (isListType(type)) return '[]'
  if (isEnumType(type)) return type.getValues()[0]?.name ?? ''
  if (isInputObjectType(type)) {
    const required = Object.values(type.getFields()).filter(isRequiredInputField)
    return `{ ${required.map((field) => `${field.name}: ${exampleOf(field.type)}`).join(', ')} }`
  }
  return type.name === 'Boolean' ? 'true' : type.name === 'Int' ? '1' : `"${UNKNOWN}"`
}

function documentOf(path: string): string {
  const [type = ''] = path.split('.')
  const { name, args } = fieldOf(path)
  const given = args.filter(isRequiredArgument).map((each) => `${each.name}: ${exampleOf(each.type)}`)
  const passed = given.length > 0 ? `(${given.join(', ')})` : ''
  return `${type.toLowerCase()} { ${name}${passed} { __typename } }`
}

const isRefusal = ({ errors }: Reply): boolean =>
  (errors ?? []).some(({ extensions }) => String(extensions.systemMessage).startsWith('Scope '))

describe('the table of scopes', () => {
  test('has a line for every root field, and none for a field that is not there', () => {
    const roots = ROOTS.flatMap((root) => {
      const type = SCHEMA.getType(root)
      return isObjectType(type) ? Object.keys(type.getFields()).map((name) => `${root}.${name}`) : []
    })

    expect(Object.keys(SCOPE_TABLE)).toEqual(expect.arrayContaining(roots))
    for (const path of Object.keys(SCOPE_TABLE)) expect(fieldOf(path)).toBeDefined()
  })

  test('lets no field that writes be reached by a key that only reads', () => {
    const mutations = Object.entries(SCOPE_TABLE).filter(([path]) => path.startsWith('Mutation.'))

    for (const [path, scopes] of mutations) {
      expect([path, scopes.some((scope) => !scope.endsWith(':read'))]).toEqual([path, true])
    }
  })
})

const ROOT_LINES = Object.entries(SCOPE_TABLE).filter(([path]) =>
  /^(Query|Mutation|Subscription)\./.test(path),
)

describe('a key that lacks a scope is refused by name, over HTTP and WebSocket, and one that has it is not:', () => {
  test.each(ROOT_LINES)('%s needs %j', async (path, needed) => {
    const document = documentOf(path)
    const isSubscription = path.startsWith('Subscription.')
    for (const scope of KEY_SCOPES) {
      const client = lacking.get(scope) ?? expect.unreachable()
      const replies = [await client.runOverWebSocket(document)]
      if (!isSubscription) replies.push(await client.run(document))
      for (const reply of replies) {
        if (needed.includes(scope)) {
          expect(reply).toFailWith({
            code: 'INSUFFICIENT_PERMISSIONS',
            status: 403,
            details: { scope },
            systemMessage: `Scope ${scope} required`,
          })
        } else expect(isRefusal(reply)).toBe(false)
      }
    }
  })
})

test('no scope leads to what another one reads', async () => {
  const organization = await app.seed.organization(owner)
  const thread = await app.seed.thread({ organization, messages: 1 })
  const space = await app.seed.space(organization)
  await app.seed.link(space, thread)
  const calls: [string, string, string][] = [
    [
      'threads:read',
      'query ($id: ID!) { space(id: $id) { threads { edges { node { messages { edges { node { content } } } } } } } }',
      space.id,
    ],
    [
      'threads:read',
      'query ($id: ID!) { space(id: $id) { threads { edges { node { lastMessage { content } } } } } }',
      space.id,
    ],
    [
      'threads:read',
      'query ($id: ID!) { space(id: $id) { threads { edges { node { metadata } } } } }',
      space.id,
    ],
    [
      'threads:read',
      'query ($id: ID!) { space(id: $id) { threads { edges { node { agentRuns { edges { node { id } } } } } } } }',
      space.id,
    ],
    ['spaces:read', 'query ($id: ID!) { thread(id: $id) { spaces { edges { node { id } } } } }', thread.id],
    [
      'admin',
      'query ($id: ID!) { thread(id: $id) { organization { members { edges { node { role } } } } } }',
      thread.id,
    ],
    ['admin', '{ viewer { memberships { edges { node { role } } } } }', thread.id],
  ]
  for (const [scope, document, id] of calls) {
    const reply = await (lacking.get(scope) ?? expect.unreachable()).run(document, { id })
    expect(reply.errors?.[0]?.extensions.systemMessage).toBe(`Scope ${scope} required`)
    expect((await everything.run(document, { id })).errors).toBeUndefined()
  }
})
