import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../../support/app.js'
import { expectInvariants } from '../../support/invariants.js'
import { conversation, done, failed, imported, type NewThread } from './import.fixture.js'

let app: TestApp

beforeAll(async () => {
  app = await startTestApp()
})
afterAll(async () => {
  await expectInvariants(app.pool)
  await app[Symbol.asyncDispose]()
})

describe('a thread that cannot be imported is reported, and the others are imported', () => {
  const wrong: [string, (thread: NewThread) => unknown, string][] = [
    [
      'an id that is none',
      (thread) => ({ ...thread, id: 'with space' }),
      'Invalid id. An id has 1 to 128 printable characters and no spaces.',
    ],
    [
      'a message id that is none',
      (thread) => ({ ...thread, messages: [{ ...thread.messages[0], id: '' }] }),
      'Invalid id. An id has 1 to 128 printable characters and no spaces.',
    ],
    [
      'a time out of range',
      (thread) => ({ ...thread, createdAt: '0000-01-01T00:00:00Z' }),
      'Invalid createdAt. Its year must be 1 to 9999 in UTC.',
    ],
    [
      'a message twice',
      (thread) => ({ ...thread, messages: [thread.messages[0], thread.messages[0]] }),
      'Invalid messages. Two of them have the same id.',
    ],
  ]

  test.each(wrong)('for %s', async (_, spoil, message) => {
    const { id: organizationId, owner } = await app.seed.organization()
    const [before, bad, after] = [conversation(), spoil(conversation()) as NewThread, conversation()]

    const results = await imported(owner, [before, bad, after], organizationId)

    expect(results).toEqual([
      done(before.id, 2),
      failed(bad.id, 'VALIDATION_ERROR', message),
      done(after.id, 2),
    ])
    await expectInvariants(app.pool)
  })

  test('for an id that occurs twice: the first is imported', async () => {
    const { id: organizationId, owner } = await app.seed.organization()
    const [first, other] = [conversation(), conversation()]
    const sharing = { ...conversation(0), messages: first.messages.slice(0, 1) }

    const results = await imported(owner, [first, first, sharing, other], organizationId)

    const refused = (id: string) => failed(id, 'VALIDATION_ERROR', 'An id occurs twice in this import.')
    expect(results).toEqual([done(first.id, 2), refused(first.id), refused(sharing.id), done(other.id, 2)])
  })

  test('for an id that others have, or that is deleted, and nothing else is revealed about it', async () => {
    const { id: organizationId, owner } = await app.seed.organization()
    const foreign = await app.seed.thread({ messages: 1 })
    const own = await app.seed.thread({ organization: { id: organizationId, owner } })
    await owner.must('DeleteThread', { threadId: own.id, mode: 'SOFT' })
    const spare = conversation()
    const stolen = {
      ...conversation(0),
      messages: [{ id: foreign.messageIds[0] as string, role: 'USER', content: 'mine' }],
    }

    const results = await imported(
      owner,
      [conversation(1, foreign.id), conversation(1, own.id), stolen, spare],
      organizationId,
    )

    const message = 'A thread with this id exists elsewhere, or is deleted.'
    expect(results).toEqual([
      failed(foreign.id, 'CONFLICT', message),
      failed(own.id, 'CONFLICT', message),
      failed(stolen.id, 'CONFLICT', 'A message with this id exists in another thread.'),
      done(spare.id, 2),
    ])
    expect((await foreign.owner.must('Thread', { id: foreign.id })).thread.messageCount).toBe(1)
  })
})
