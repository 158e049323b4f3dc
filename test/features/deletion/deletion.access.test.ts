import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../../support/app.js'
import type { Reply, TestClient } from '../../support/client.js'
import { expectSoundRest } from '../../support/rest.js'
import type { Seeded } from '../../support/seed.js'
import { rowsOf } from './deletion.fixture.js'

const MODES = ['PERMANENT', 'SOFT']
const WRITERS = ['OWNER', 'ADMIN', 'MEMBER'] as const
const TRACEPARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
const UNWRITABLE = {
  code: 'INSUFFICIENT_PERMISSIONS',
  status: 403,
  type: 'client_error',
  systemMessage: 'Write access required',
}
const NOT_FOUND = {
  code: 'RESOURCE_NOT_FOUND',
  status: 404,
  type: 'client_error',
  systemMessage: 'Thread not found',
}
let app: TestApp

beforeAll(async () => {
  app = await startTestApp()
})
afterAll(() => app[Symbol.asyncDispose]())
afterEach(() => expectSoundRest(app.pool))

async function isLive(thread: Seeded): Promise<boolean> {
  return (await thread.owner.run('Thread', { id: thread.id })).errors === undefined
}

/** A reply's errors as they go over the wire, but for the one id that was asked for and the time. */
function wire({ errors }: Reply, id: string): string {
  return JSON.stringify(errors)
    .replaceAll(id, 'ID')
    .replace(/"timestamp":"[^"]+"/, '"timestamp":""')
}

test.each(WRITERS.flatMap((role) => MODES.map((mode) => ({ role, mode }))))(
  'a $role of the organization may delete the thread of another: $mode',
  async ({ role, mode }) => {
    const organization = await app.seed.organization()
    const thread = await app.seed.thread({ organization, owner: await app.seed.member(organization) })
    const client = await app.seed.member(organization, role)

    await client.must('DeleteThread', { threadId: thread.id, mode })

    expect(await isLive(thread)).toBe(false)
  },
)

test('the owner of a thread may delete it, also as a viewer of its organization', async () => {
  const organization = await app.seed.organization()
  const owner = await app.seed.member(organization)
  const thread = await app.seed.thread({ organization, owner })
  await app.pool.query(`update member set role = 'VIEWER' where user_id = $1`, [owner.userId])

  await owner.must('DeleteThread', { threadId: thread.id })

  expect(await isLive(thread)).toBe(false)
})

test.each(MODES)('a viewer of the organization may not, and nothing changes: %s', async (mode) => {
  const organization = await app.seed.organization()
  const thread = await app.seed.thread({ organization, messages: 2 })
  const before = await rowsOf(app.pool, thread.id)
  const viewer = await app.seed.member(organization, 'VIEWER')

  const reply = await viewer.run('DeleteThread', { threadId: thread.id, mode })

  expect(reply).toFailWith({ ...UNWRITABLE, details: { threadId: thread.id } })
  expect(reply.data).toEqual({ deleteThread: null })
  expect(await rowsOf(app.pool, thread.id)).toEqual(before)
  expect(await isLive(thread)).toBe(true)
})

test.each(['VIEWER', 'EDITOR', 'OWNER'] as const)(
  'who meets a thread only in a space cannot delete it: %s',
  async (role) => {
    const { space, thread, owner, backfillId } = await app.seed.spaceWithThread()
    await app.seed.embedded(owner, backfillId)
    const guest = await app.seed.grant(space, role)

    expect(await guest.run('DeleteThread', { threadId: thread.id })).toFailWith(NOT_FOUND)
    expect(await isLive(thread)).toBe(true)
  },
)

test.each(MODES)('to an outsider a thread is missing, alike in every byte: %s', async (mode) => {
  const thread = await app.seed.thread()
  const outsider = (await app.seed.user()).with({ traceparent: TRACEPARENT })
  const missingId = `${thread.id.slice(0, -4)}zzzz`

  const invisible = await outsider.run('DeleteThread', { threadId: thread.id, mode })
  const missing = await outsider.run('DeleteThread', { threadId: missingId, mode })

  expect(invisible).toFailWith({ ...NOT_FOUND, details: { threadId: thread.id } })
  expect(wire(invisible, thread.id)).toBe(wire(missing, missingId))
  expect(invisible.status).toBe(missing.status)
  expect(await isLive(thread)).toBe(true)
})

test('a member of another organization is an outsider', async () => {
  const thread = await app.seed.thread()
  const { owner } = await app.seed.organization()

  expect(await owner.run('DeleteThread', { threadId: thread.id })).toFailWith(NOT_FOUND)
  expect(await isLive(thread)).toBe(true)
})

test('nobody deletes anything without a credential', async () => {
  const thread = await app.seed.thread()

  for (const threadId of [thread.id, 'thrd_missing', 'not an id']) {
    expect(await app.anonymous().run('DeleteThread', { threadId })).toFailWith({
      code: 'UNAUTHENTICATED',
      status: 401,
      type: 'authentication_error',
    })
  }
  expect(await isLive(thread)).toBe(true)
})

test.each(['', 'with space', 'thrd_é', 'x'.repeat(129)])(
  'what is no id is refused unread: "%s"',
  async (id) => {
    expect(await (await app.seed.user()).run('DeleteThread', { threadId: id })).toFailWith({
      code: 'VALIDATION_ERROR',
      status: 422,
      type: 'validation_error',
      systemMessage: 'Invalid threadId. An id has 1 to 128 printable characters and no spaces.',
    })
  },
)

test.each(MODES.flatMap((first) => MODES.map((second) => ({ first, second }))))(
  'a second deletion finds nothing: $first, then $second',
  async ({ first, second }) => {
    const thread = await app.seed.thread({ messages: 1 })
    await thread.owner.must('DeleteThread', { threadId: thread.id, mode: first })

    const reply = await thread.owner.run('DeleteThread', { threadId: thread.id, mode: second })

    expect(reply).toFailWith({ ...NOT_FOUND, details: { threadId: thread.id } })
  },
)

test('one failed deletion does not take its siblings along', async () => {
  const thread = await app.seed.thread()
  const both = `mutation ($missing: ID!, $threadId: ID!) {
    missing: deleteThread(threadId: $missing) { threadId }
    there: deleteThread(threadId: $threadId) { threadId }
  }`

  const reply = await deleteBoth(thread.owner, both, thread)

  expect(reply.data).toEqual({ missing: null, there: { threadId: thread.id } })
  expect(reply).toFailWith(NOT_FOUND)
  expect(reply.errors?.[0]?.path).toEqual(['missing'])
})

function deleteBoth(client: TestClient, document: string, { id }: Seeded): Promise<Reply> {
  return client.run(document, { missing: 'thrd_missing', threadId: id })
}
