import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../../support/app.js'
import type { TestClient } from '../../support/client.js'
import { expectInvariants } from '../../support/invariants.js'
import type { Seeded } from '../../support/seed.js'

let app: TestApp

beforeAll(async () => {
  app = await startTestApp()
})
afterAll(() => app[Symbol.asyncDispose]())

interface Appended {
  messages: { id: string; content: string; sequence: number }[]
  thread: { messageCount: number }
}

const batch = (name: string, count: number) =>
  Array.from({ length: count }, (_, index) => ({ role: 'USER', content: `${name} ${index}` }))

async function append(client: TestClient, threadId: string, name: string, count: number): Promise<Appended> {
  const { appendMessages } = await client.must('AppendMessages', { threadId, messages: batch(name, count) })
  return appendMessages
}

async function readAll({ id, owner }: Seeded) {
  const { thread } = await owner.must('Thread', { id, first: 100 })
  return thread.messages.edges.map(({ node }: { node: unknown }) => node) as Appended['messages']
}

test('of many appends to a thread at once each keeps its messages together, and the sequences rise', async () => {
  const organization = await app.seed.organization()
  const thread = await app.seed.thread({ organization })
  const members = await Promise.all([1, 2, 3, 4].map(() => app.seed.member(organization)))

  const calls = await Promise.all(
    Array.from({ length: 20 }, (_, index) =>
      append(members[index % 4] as TestClient, thread.id, `call ${index}`, 5),
    ),
  )

  const stored = await readAll(thread)
  expect(stored.map(({ sequence }) => sequence)).toEqual(Array.from({ length: 100 }, (_, index) => index + 1))
  for (const [index, { messages }] of calls.entries()) {
    const first = messages[0]?.sequence ?? 0
    expect(messages).toMatchObject(
      [0, 1, 2, 3, 4].map((offset) => ({ content: `call ${index} ${offset}`, sequence: first + offset })),
    )
    expect(stored.slice(first - 1, first + 4)).toMatchObject(
      messages.map(({ id, sequence }) => ({ id, sequence })),
    )
  }
  const counts = calls.map(({ thread: grown }) => grown.messageCount)
  expect(counts.sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, index) => (index + 1) * 5))
  await expectInvariants(app.pool)
})

test('of many appends with one id at once, one is done and the others conflict', async () => {
  const thread = await app.seed.thread()
  const other = await app.seed.thread({ organization: { id: thread.organizationId, owner: thread.owner } })
  const messages = [...batch('before', 2), { role: 'USER', content: 'wanted', id: 'msg_wanted' }]

  const replies = await Promise.all(
    Array.from({ length: 8 }, (_, index) =>
      thread.owner.run('AppendMessages', { threadId: index % 2 === 0 ? thread.id : other.id, messages }),
    ),
  )

  const refused = replies.filter(({ errors }) => errors)
  expect(refused).toHaveLength(7)
  for (const reply of refused) {
    expect(reply).toFailWith({
      code: 'CONFLICT',
      systemMessage: 'Message id exists',
      details: { id: 'msg_wanted' },
    })
  }
  expect([...(await readAll(thread)), ...(await readAll(other))]).toHaveLength(3)
  await expectInvariants(app.pool)
})

test('an append and a deletion of its thread at once: what was acknowledged is counted in the receipt', async () => {
  for (const mode of ['SOFT', 'PERMANENT']) {
    for (let round = 0; round < 4; round++) {
      const thread = await app.seed.thread({ messages: 2 })
      const appends = [1, 2, 3].map((index) => ({ threadId: thread.id, messages: batch(`late ${index}`, 1) }))

      const [deleted, ...replies] = await Promise.all([
        thread.owner.must('DeleteThread', { threadId: thread.id, mode }),
        ...appends.map((variables) => thread.owner.run('AppendMessages', variables)),
      ])

      const refused = replies.filter(({ errors }) => errors)
      for (const reply of refused) {
        expect(reply).toFailWith({ code: 'RESOURCE_NOT_FOUND', systemMessage: 'Thread not found' })
      }
      expect(deleted.deleteThread.deletedMessageCount).toBe(2 + replies.length - refused.length)
    }
  }
  await expectInvariants(app.pool)
})

test('appends to many threads of one organization at once lose none of its counts', async () => {
  const organization = await app.seed.organization()
  const threads = await Promise.all(Array.from({ length: 6 }, () => app.seed.thread({ organization })))

  await Promise.all(
    threads.flatMap(({ id, owner }) => [1, 2, 3].map((index) => append(owner, id, `call ${index}`, 10))),
  )

  const { viewer } = await organization.owner.must('Viewer')
  expect(viewer.organizations.edges[0].node.usage).toMatchObject({ threads: 6, messages: 180 })
  await expectInvariants(app.pool)
})
