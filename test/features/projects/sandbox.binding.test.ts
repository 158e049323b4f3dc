import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../../support/app.js'
import { eventually } from '../../support/eventually.js'
import {
  type FakeSandboxEndpoint,
  labelSandbox,
  startSandboxEndpoint,
} from '../../support/sandbox.endpoint.js'
import type { Seeded } from '../../support/seed.js'

/** A project's end deletes its sandbox with the operator's key, so nobody binds one that is not of its organization. */

const CREATE = `mutation ($input: CreateProjectInput!, $key: String) {
  createProject(input: $input, idempotencyKey: $key) { project { id sandbox { id status } } }
}`

let app: TestApp
let sandboxes: FakeSandboxEndpoint
let organization: Seeded

beforeAll(async () => {
  sandboxes = await startSandboxEndpoint()
  // A deletion that failed once stays in the outbox.
  const outbox = { pollMs: 50, backoff: { baseMs: 600_000, maxMs: 600_000 } }
  const environment = { SANDBOX_API_URL: sandboxes.url, SANDBOX_API_KEY: 'key_of_the_operator' }
  app = await startTestApp({ environment, timings: { outbox } })
  organization = await app.seed.organization()
})
afterAll(async () => {
  await app[Symbol.asyncDispose]()
  await sandboxes.close()
})
beforeEach(() => {
  sandboxes.lookups.length = 0
})

function bind(sandboxId: string, { id: organizationId, owner } = organization, key?: string) {
  const input = { organizationId, name: 'Website', sandboxId }
  return owner.run(CREATE, { input, key })
}

test('a sandbox of the organization is bound, and its service asked once', async () => {
  labelSandbox('own', organization.id)
  const reply = await bind('own')

  expect(reply.data.createProject.project.sandbox).toEqual({ id: 'own', status: 'ACTIVE' })
  expect(sandboxes.lookups).toEqual(['own'])
})

test.each([
  ['that is missing', 404, ''],
  ['that the key may not see', 403, 'no access'],
  ['of another organization', 200, '{ "labels": { "heddle-organization": "org_another" } }'],
  ['of nobody', 200, '{ "labels": {} }'],
  ['of nobody that it says', 200, '{ "labels": null }'],
  ['whose label is no text', 200, '{ "labels": { "heddle-organization": ["org_another"] } }'],
])('a sandbox %s is not found', async (_, status, body) => {
  sandboxes.answerNextLookup(status, body)

  expect(await bind('foreign')).toFailWith({
    code: 'RESOURCE_NOT_FOUND',
    status: 404,
    systemMessage: 'Sandbox not found',
    details: { sandboxId: 'foreign' },
  })
})

test.each(['.', '..'])('an id that no address can name is not found, and not asked for: %s', async (id) => {
  expect(await bind(id)).toFailWith({ code: 'RESOURCE_NOT_FOUND', systemMessage: 'Sandbox not found' })
  expect(sandboxes.lookups).toEqual([])
})

test.each([
  ['fails', 500, 'at 10.0.0.7'],
  ['refuses the key', 401, 'key_of_the_operator'],
  ['is overrun', 429, ''],
  ['redirects', 302, ''],
  ['answers with a page', 200, '<html>'],
  ['answers without end', 200, `{ "labels": { "x": "${'x'.repeat(300_000)}" } }`],
  ['does not answer', 'none' as const, ''],
])(
  'nothing is bound while the service %s, and nothing of the answer is revealed',
  async (_, status, body) => {
    labelSandbox('unknown', organization.id)
    sandboxes.answerNextLookup(status, body)

    const reply = await bind('unknown')

    expect(reply).toFailWith({
      code: 'SERVICE_UNAVAILABLE',
      status: 503,
      systemMessage: 'Sandbox service unavailable',
    })
    expect(JSON.stringify(reply)).not.toMatch(/10\.0\.0\.7|key_of_the_operator/)
    const { rows } = await app.pool.query("select id from project where sandbox_id = 'unknown'")
    expect(rows).toEqual([])
  },
)

test('who may not write to the organization has nothing asked', async () => {
  labelSandbox('asked', organization.id)
  const viewer = await app.seed.member(organization, 'VIEWER')
  const stranger = await app.seed.user()

  expect(await bind('asked', { id: organization.id, owner: viewer })).toFailWith({
    code: 'INSUFFICIENT_PERMISSIONS',
  })
  expect(await bind('asked', { id: organization.id, owner: stranger })).toFailWith({
    code: 'RESOURCE_NOT_FOUND',
    systemMessage: 'Organization not found',
  })
  expect(sandboxes.lookups).toEqual([])
})

test('a sandbox belongs to one project, also when two are made at once', async () => {
  labelSandbox('shared', organization.id)

  const replies = await Promise.all(['one', 'two', 'three'].map(() => bind('shared')))

  expect(replies.filter(({ errors }) => !errors)).toHaveLength(1)
  for (const reply of replies.filter(({ errors }) => errors)) expect(reply).toFailWith({ code: 'CONFLICT' })
  expect(await bind('shared')).toFailWith({ code: 'CONFLICT', systemMessage: 'Sandbox in use' })
})

test('a sandbox that another organization has in a project is as good as missing', async () => {
  const other = await app.seed.organization()
  await app.seed.project(other, 'taken')

  expect(await bind('taken')).toFailWith({ code: 'RESOURCE_NOT_FOUND', systemMessage: 'Sandbox not found' })
})

test('a sandbox that is still to be deleted is bound to no other project', async () => {
  const project = await app.seed.project(organization, 'ending')
  const thread = await app.seed.thread({ organization, project })
  sandboxes.failNext(503)
  await organization.owner.must('DeleteThread', { threadId: thread.id })
  await eventually(() => expect(sandboxes.requests).toHaveLength(1))

  expect(await bind('ending')).toFailWith({ code: 'CONFLICT', status: 409, systemMessage: 'Sandbox in use' })
})

test('a call that is sent again with its key gets its project, whatever the service says by now', async () => {
  labelSandbox('again', organization.id)
  const first = await bind('again', organization, 'once')
  sandboxes.answerNextLookup(500)

  expect((await bind('again', organization, 'once')).data).toEqual(first.data)
  expect(sandboxes.lookups).toEqual(['again'])
})
