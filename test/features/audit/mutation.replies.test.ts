import {
  buildSchema,
  type GraphQLField,
  type GraphQLOutputType,
  getNamedType,
  isLeafType,
  isObjectType,
} from 'graphql'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { printAppSchema } from '../../../src/app.resolvers.js'
import { startTestApp, type TestApp } from '../../support/app.js'
import type { Json, TestClient } from '../../support/client.js'
import { FakeEmbedder } from '../../support/fake.embedder.js'
import { MUTATIONS, OTHER_MODEL } from './mutation.table.js'

const FIELDS = buildSchema(printAppSchema()).getMutationType()?.getFields() ?? {}

/** What a reply holds; what one of these refers to is a link of it, and read when the reply is sent. */
const ENTITIES = new Set([
  ...['Organization', 'Project', 'Thread', 'Message', 'Space', 'Backfill', 'Reembedding', 'User'],
])
/** Rights are as of now, in a repeated reply too. */
const RIGHTS = new Set(['Space.viewerCanEdit'])

let app: TestApp

beforeAll(async () => {
  const other = new FakeEmbedder(OTHER_MODEL)
  app = await startTestApp({ otherEmbedders: [other] })
  // Backfills stay where they are, so that there is one to cancel and to retry.
  for (const embedder of [app.embedder, other]) {
    embedder.failNext(503, { 'retry-after': '3600' }, 1_000)
  }
})
afterAll(() => app[Symbol.asyncDispose]())

/** What happens in the world between a call and its repetition. */
const CHANGES: Record<string, (caller: TestClient) => Promise<void>> = {
  'there is more of everything': async (caller) => {
    const { threads, spaces } = await ownOf(caller)
    for (const threadId of threads) {
      const messages = [{ role: 'USER', content: 'one more' }]
      await caller.run('AppendMessages', { threadId, messages })
      await caller.run('StartAgentRun', { threadId })
      for (const spaceId of spaces) await caller.run('AddThreadToSpace', { spaceId, threadId })
    }
    for (const spaceId of spaces) {
      await caller.run('GrantSpaceAccess', { spaceId, userId: 'user_late', role: 'VIEWER' })
    }
    const { rows: projects } = await app.pool.query(
      `select p.id from project p join member m on m.organization_id = p.organization_id where m.user_id = $1`,
      [caller.userId],
    )
    for (const { id: projectId } of projects) await caller.must('CreateThread', { input: { projectId } })
  },
  'nothing is left, and no right to it': async (caller) => {
    const { threads, spaces } = await ownOf(caller)
    for (const spaceId of spaces) await caller.run('DeleteSpace', { spaceId })
    for (const threadId of threads) await caller.run('DeleteThread', { threadId })
    await app.pool.query('delete from space_grant where user_id = $1', [caller.userId])
    await app.pool.query('delete from member where user_id = $1', [caller.userId])
  },
}

describe.each(Object.entries(MUTATIONS))('%s', (name, { prepare }) => {
  test.each(Object.entries(CHANGES))('gives its first reply to the byte when %s', async (_, change) => {
    const { caller, variables } = await prepare(app)
    const send = () => caller.must(documentFor(name, Object.keys(variables)), { ...variables, key: 'once' })

    const first = await send()
    await change(caller)

    expect(JSON.stringify(await send())).toBe(JSON.stringify(first))
  })
})

async function ownOf(caller: TestClient): Promise<{ threads: string[]; spaces: string[] }> {
  const { threads, spaces } = await caller.must(`{
    threads(first: 100) { edges { node { id } } }
    spaces(first: 100) { edges { node { id } } }
  }`)
  const idsOf = ({ edges }: Json): string[] => edges.map(({ node }: Json) => node.id)
  return { threads: idsOf(threads), spaces: idsOf(spaces) }
}

/** The mutation with just these arguments, and all that its reply holds. */
function documentFor(name: string, given: readonly string[]): string {
  const { args, type } = FIELDS[name] as GraphQLField<unknown, unknown>
  const used = args.filter((argument) => given.includes(argument.name))
  const declared = used.map((argument) => `$${argument.name}: ${argument.type}`)
  const passed = used.map((argument) => `${argument.name}: $${argument.name}`)
  return `mutation(${['$key: String', ...declared].join(', ')}) {
    ${name}(${['idempotencyKey: $key', ...passed].join(', ')}) ${selectionOf(type)}
  }`
}

function selectionOf(type: GraphQLOutputType): string {
  const named = getNamedType(type)
  if (isLeafType(named)) return ''
  if (!isObjectType(named)) throw new Error(`${named} is no type of a reply`)
  const fields = Object.values(named.getFields()).filter((field) => !isLeftOut(named.name, field))
  return `{ ${fields.map((field) => `${field.name} ${selectionOf(field.type)}`).join(' ')} }`
}

function isLeftOut(parent: string, { name, type }: GraphQLField<unknown, unknown>): boolean {
  const { name: child } = getNamedType(type)
  const isLink =
    ENTITIES.has(parent) && (ENTITIES.has(child) || /Connection$|^SpaceGrant$|^Usage$/.test(child))
  return isLink || RIGHTS.has(`${parent}.${name}`)
}
