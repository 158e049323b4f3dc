import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../../support/app.js'
import type { Reply, TestClient } from '../../support/client.js'
import { expectSoundRest } from '../../support/rest.js'
import { listed, rowsOf } from './deletion.fixture.js'

type Variables = Record<string, unknown>

const WAYS = {
  HTTP: (client: TestClient, document: string, variables?: Variables): Promise<Reply> =>
    client.run(document, variables),
  WebSocket: (client: TestClient, document: string, variables?: Variables): Promise<Reply> =>
    client.runOverWebSocket(document, variables),
}
const INVALID = { code: 'VALIDATION_ERROR', type: 'validation_error' }

const DELETE_ALL = `mutation ($mode: DeletionMode, $confirmationToken: String) {
  deleteAllThreads(mode: $mode, confirmationToken: $confirmationToken) { deleted restoreUntil }
}`
const DELETE_WITH_BACKUP = `mutation ($threadId: ID!, $backup: Boolean) {
  deleteThread(threadId: $threadId, mode: SOFT, backup: $backup) { backupCreated }
}`

let app: TestApp

beforeAll(async () => {
  app = await startTestApp()
})
afterAll(() => app[Symbol.asyncDispose]())
afterEach(() => expectSoundRest(app.pool))

describe.each(Object.entries(WAYS))('over %s', (_, run) => {
  test.each([
    ['left out', undefined, { softDelete: false, permanentDelete: true }],
    ['PERMANENT', 'PERMANENT', { softDelete: false, permanentDelete: true }],
    ['SOFT', 'SOFT', { softDelete: true, permanentDelete: false }],
  ])('deleteThread with the mode %s does what its description says', async (_said, mode, receipt) => {
    const thread = await app.seed.thread({ messages: 1 })

    const { data, errors } = await run(thread.owner, 'DeleteThread', { threadId: thread.id, mode })

    expect(errors).toBeUndefined()
    expect(data.deleteThread).toMatchObject(receipt)
  })

  test.each([
    ['left out', undefined],
    ['SOFT', 'SOFT'],
  ])('deleteAllThreads with the mode %s can be undone', async (_said, mode) => {
    const thread = await app.seed.thread()

    const { data, errors } = await run(thread.owner, DELETE_ALL, { mode })

    expect(errors).toBeUndefined()
    expect(data.deleteAllThreads).toEqual({ deleted: 1, restoreUntil: expect.any(String) })
  })

  test.each([
    ['the mode of deleteThread', 'DeleteThread', { mode: null }],
    ['the backup of deleteThread', DELETE_WITH_BACKUP, { backup: null }],
    ['the mode of deleteAllThreads', DELETE_ALL, { mode: null }],
    [
      'the confirmation of a permanent deleteAllThreads',
      DELETE_ALL,
      { mode: 'PERMANENT', confirmationToken: null },
    ],
  ])(
    'a variable that is null for %s is refused, and nothing is deleted',
    async (_what, document, variables) => {
      const thread = await app.seed.thread({ messages: 1 })

      const reply = await run(thread.owner, document, { threadId: thread.id, ...variables })

      expect(reply).toFailWith({
        ...INVALID,
        status: 422,
        message: expect.stringMatching(/mode|backup|confirmation/),
      })
      expect(await listed(thread.owner)).toEqual({ ids: [thread.id], totalCount: 1 })
      expect(await rowsOf(app.pool, thread.id)).toMatchObject({ threads: 1, messages: 1 })
    },
  )

  test.each(['mode: null', 'backup: null'])(
    'a literal null is refused, and nothing is deleted: %s',
    async (argument) => {
      const thread = await app.seed.thread({ messages: 1 })
      const deletions = [`deleteThread(threadId: "${thread.id}", ${argument}) { message }`]
      if (argument.startsWith('mode')) deletions.push(`deleteAllThreads(${argument}) { deleted }`)

      for (const deletion of deletions) {
        const reply = await run(thread.owner, `mutation { ${deletion} }`)
        expect(reply).toFailWith({ ...INVALID, message: expect.stringContaining('null') })
      }
      expect(await listed(thread.owner)).toEqual({ ids: [thread.id], totalCount: 1 })
    },
  )

  test('a null that asks for deleted threads lists the live ones', async () => {
    const thread = await app.seed.thread()
    await thread.owner.must('DeleteThread', { threadId: thread.id, mode: 'SOFT' })

    const { data } = await run(thread.owner, 'Threads', { includeDeleted: null, first: null, after: null })

    expect(data.threads).toMatchObject({ edges: [], totalCount: 0 })
  })
})
