import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../../support/app.js'
import type { TestClient } from '../../support/client.js'
import { documentOf } from '../../support/operations.js'
import { expectSoundRest } from '../../support/rest.js'
import { tally } from '../../support/tally.js'
import { listed, times, usageOf } from './deletion.fixture.js'

const RETRIES = 1_000
const KEY = 'sent-again-and-again'
const CREATE_PROJECT = `mutation ($input: CreateProjectInput!, $idempotencyKey: String) {
  createProject(input: $input, idempotencyKey: $idempotencyKey) { project { id name createdAt } }
}`

/** The two ways in which a client may name its key. */
const FORMS = {
  argument: (client: TestClient, variables: object) => ({
    client,
    variables: { ...variables, idempotencyKey: KEY },
  }),
  header: (client: TestClient, variables: object) => ({
    client: client.with({ 'idempotency-key': KEY }),
    variables,
  }),
}

let app: TestApp

beforeAll(async () => {
  app = await startTestApp()
})
afterAll(() => app[Symbol.asyncDispose]())
afterEach(() => expectSoundRest(app.pool))

/** A reply as it came over the wire. */
async function send(client: TestClient, nameOrDocument: string, variables: object): Promise<string> {
  const response = await client.post(JSON.stringify({ query: documentOf(nameOrDocument), variables }))
  return response.text()
}

async function countEvents(actorId: string | null, action: string): Promise<number> {
  const { rows } = await app.pool.query(
    'select count(*)::int as count from audit_event where actor_id = $1 and action = $2',
    [actorId, action],
  )
  return rows[0].count
}

const codesOf = (replies: readonly string[]) =>
  tally(replies.map((reply) => JSON.parse(reply).errors?.[0].extensions.code ?? 'OK'))

describe.each(Object.entries(FORMS))('a thousand calls at once with one key as %s', (_, form) => {
  test('have one reply, to the byte, and one effect, with one event', async () => {
    const organization = await app.seed.organization()
    const thread = await app.seed.thread({ organization, messages: 2 })
    await app.seed.thread({ organization })
    const { client, variables } = form(thread.owner, { threadId: thread.id })

    const replies = await times(RETRIES, () => send(client, 'DeleteThread', variables))

    expect(codesOf(replies)).toEqual(new Map([['OK', RETRIES]]))
    expect(new Set(replies).size).toBe(1)
    expect(await usageOf(thread.owner, organization.id)).toMatchObject({ threads: 1, messages: 0 })
    expect(await countEvents(thread.owner.userId, 'thread.deleted')).toBe(1)
  })
})

test('a thousand calls at once with one key make one thing, with one event', async () => {
  const { id: organizationId, owner } = await app.seed.organization()
  const { client, variables } = FORMS.argument(owner, { input: { organizationId, name: 'Website' } })

  const replies = await times(RETRIES, () => send(client, CREATE_PROJECT, variables))

  expect(codesOf(replies)).toEqual(new Map([['OK', RETRIES]]))
  expect(new Set(replies).size).toBe(1)
  expect(await usageOf(owner, organizationId)).toMatchObject({ projects: 1 })
  expect(await countEvents(owner.userId, 'project.created')).toBe(1)
})

test('where some calls with a key have other arguments, the first ones have one reply, and the others CONFLICT', async () => {
  const organization = await app.seed.organization()
  const { owner } = organization
  const threads = await times(2, () => app.seed.thread({ organization }))

  const replies = await times(RETRIES, (index) => {
    const { client, variables } = FORMS.argument(owner, { threadId: threads[index % 10 === 0 ? 1 : 0]?.id })
    return send(client, 'DeleteThread', variables)
  })

  const [kept] = (await listed(owner)).ids
  const done = kept === threads[1]?.id ? RETRIES * 0.9 : RETRIES * 0.1
  expect(codesOf(replies)).toEqual(new Map(Object.entries({ OK: done, CONFLICT: RETRIES - done })))
  expect(new Set(replies.filter((reply) => !JSON.parse(reply).errors)).size).toBe(1)
  expect(await countEvents(owner.userId, 'thread.deleted')).toBe(1)
})

test('calls of several users with one key are one effect for each of them', async () => {
  const organization = await app.seed.organization()
  const members = await times(4, () => app.seed.member(organization))
  const threads = await times(4, (index) => app.seed.thread({ organization, owner: members[index] }))

  const replies = await times(RETRIES, (index) => {
    const { id: threadId, owner } = threads[index % 4] as (typeof threads)[number]
    const { client, variables } = FORMS.argument(owner, { threadId })
    return send(client, 'DeleteThread', variables)
  })

  expect(codesOf(replies)).toEqual(new Map([['OK', RETRIES]]))
  expect(new Set(replies).size).toBe(members.length)
  for (const { userId } of members) expect(await countEvents(userId, 'thread.deleted')).toBe(1)
  expect(await usageOf(organization.owner, organization.id)).toMatchObject({ threads: 0 })
})
