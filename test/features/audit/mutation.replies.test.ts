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
import type { Json, Reply, TestClient } from '../../support/client.js'
import { FakeEmbedder } from '../../support/fake.embedder.js'
import { MUTATIONS, OTHER_MODEL } from './mutation.table.js'

const FIELDS = buildSchema(printAppSchema()).getMutationType()?.getFields() ?? {}

/** What a reply holds; what one of these refers to is a link of it, and read when the reply is sent. */
const ENTITIES = new Set([
  'Organization',
  'Project',
  'Thread',
  'Message',
  'Space',
  'Backfill',
  'Reembedding',
  'User',
  'OrganizationMember',
])
/** Rights are as of now, in a repeated reply too. */
const RIGHTS = new Set(['Space.viewerCanEdit'])
/** Shown once. */
const SECRETS = new Set(['CreateApiKeyPayload.secret'])

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

/** There is more of everything that the caller has. */
async function addMore(caller: TestClient): Promise<void> {
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
}

async function deleteAll(caller: TestClient): Promise<void> {
  const { threads, spaces } = await ownOf(caller)
  for (const spaceId of spaces) await caller.must('DeleteSpace', { spaceId })
  for (const threadId of threads) await caller.must('DeleteThread', { threadId, mode: 'SOFT' })
}

/** Somebody with every right of the caller's, to whom nothing belongs. */
async function colleagueOf({ userId }: TestClient): Promise<TestClient> {
  const colleague = await app.seed.user()
  await colleague.must('{ viewer { id } }')
  await app.pool.query(
    `insert into member (organization_id, user_id, role)
      select organization_id, $2, 'OWNER' from member where user_id = $1`,
    [userId, colleague.userId],
  )
  return colleague
}

const removeEverywhere = (client: TestClient) =>
  app.pool.query('delete from member where user_id = $1', [client.userId])

describe.each(Object.entries(MUTATIONS))('%s, sent again with its key,', (name, { prepare, replay }) => {
  async function sent(sender: (caller: TestClient) => Promise<TestClient>) {
    const { caller, variables } = await prepare(app)
    const client = await sender(caller)
    const document = documentFor(name, Object.keys(variables))
    const send = () => client.run(document, { ...variables, key: 'once' })
    const first = await send()
    expect(first.errors).toBeUndefined()
    return { caller: client, first, send }
  }

  function expectReplay(second: Reply, first: Reply, missing: string | null): void {
    if (missing === null) expect(JSON.stringify(second.data)).toBe(JSON.stringify(first.data))
    else expect(second).toFailWith({ code: 'RESOURCE_NOT_FOUND', systemMessage: `${missing} not found` })
  }

  test('gives its first reply to the byte when there is more of everything', async () => {
    const { caller, first, send } = await sent(async (prepared) => prepared)
    await addMore(caller)
    expectReplay(await send(), first, null)
  })

  test('tells nothing that its caller may not know any more', async () => {
    const { caller, first, send } = await sent(async (prepared) =>
      replay.removed === null ? prepared : colleagueOf(prepared),
    )
    await removeEverywhere(caller)
    expectReplay(await send(), first, replay.removed)
  })

  test('tells nothing of what was soft-deleted since', async () => {
    const { caller, first, send } = await sent(async (prepared) => prepared)
    await deleteAll(caller)
    expectReplay(await send(), first, replay.deleted)
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
  const path = `${parent}.${name}`
  return isLink || RIGHTS.has(path) || SECRETS.has(path)
}
