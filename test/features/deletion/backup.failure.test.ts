import { mkdtemp, open, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { startTestApp, type TestApp } from '../../support/app.js'
import type { Reply } from '../../support/client.js'
import { eventually } from '../../support/eventually.js'
import { expectInvariants } from '../../support/invariants.js'
import { loseNextCommit } from '../../support/lost.commit.js'
import type { FakeS3Endpoint } from '../../support/s3.endpoint.js'
import {
  type BackedUpApp,
  clear,
  deleteWithBackup,
  expectUntouched,
  recordsOf,
  startBackedUpApp,
} from './backup.fixture.js'

let started: BackedUpApp
let app: TestApp
let store: FakeS3Endpoint
let directory: string

beforeAll(async () => {
  started = await startBackedUpApp({
    timings: { outbox: { pollMs: 20, backoff: { baseMs: 10, maxMs: 50 } } },
  })
  ;({ app, store } = started)
  directory = await mkdtemp(join(tmpdir(), 'heddle-backups-'))
})
beforeEach(() => clear(store))
afterEach(() => vi.restoreAllMocks())
afterAll(async () => {
  await started[Symbol.asyncDispose]()
  await rm(directory, { recursive: true })
})

function expectFailedBackup(reply: Reply): void {
  expect(reply).toFailWith({ code: 'SERVICE_UNAVAILABLE', status: 503, systemMessage: 'Backup failed' })
  expect(JSON.stringify(reply.errors)).not.toContain(directory)
}

describe('nothing is deleted, and no backup is left, when', () => {
  test.each(['put', 'get'] as const)('the store refuses a %s', async (action) => {
    store.fail(action, 500)
    const thread = await app.seed.thread({ messages: 2 })

    expectFailedBackup(await deleteWithBackup(thread))
    expect(store.objects.size).toBe(0)
    await expectUntouched(thread)
    await expectInvariants(app.pool)
  })

  test('the store gives back something else than was written', async () => {
    store.before = async (action) => {
      if (action !== 'get') return
      for (const [key, bytes] of store.objects) store.objects.set(key, bytes.subarray(0, -2))
    }
    const thread = await app.seed.thread({ messages: 2 })

    expectFailedBackup(await deleteWithBackup(thread))
    expect(store.objects.size).toBe(0)
    await expectUntouched(thread)
  })

  test('the directory cannot be written', async () => {
    await using other = await startTestApp({
      environment: { BACKUP_DIR: join(directory, 'file', 'backups') },
    })
    await writeFile(join(directory, 'file'), '')
    const thread = await other.seed.thread({ messages: 2 })

    expectFailedBackup(await deleteWithBackup(thread))
    await expectUntouched(thread)
  })

  test('the disk is full; and once it has room, the next try succeeds', async () => {
    const place = join(directory, 'disk')
    await using other = await startTestApp({ environment: { BACKUP_DIR: place } })
    const thread = await other.seed.thread({ messages: 2 })
    const handle = await open(directory, 'r')
    await handle.close()
    const append = vi.spyOn(Object.getPrototypeOf(handle), 'appendFile')
    append.mockRejectedValueOnce(Object.assign(new Error('ENOSPC: no space left'), { code: 'ENOSPC' }))

    expectFailedBackup(await deleteWithBackup(thread))
    expect(await readdir(place)).toEqual([])
    await expectUntouched(thread)
    const { data } = await deleteWithBackup(thread)
    expect(data.deleteThread.backupLocation).toMatch(/^directory:bkup_\w+\.jsonl$/)
    expect(await readdir(place)).toEqual([data.deleteThread.backupLocation.split(':')[1]])
  })
})

test('a backup that was for nothing and cannot be removed at once is removed later', async () => {
  store.fail('delete', 500)
  const thread = await app.seed.thread({ messages: 1 })
  let isDeleted = false
  store.before = async (action) => {
    if (action !== 'put' || isDeleted) return
    isDeleted = true
    await thread.owner.must('DeleteThread', { threadId: thread.id })
  }

  expect(await deleteWithBackup(thread)).toFailWith({ code: 'RESOURCE_NOT_FOUND' })
  expect(store.objects.size).toBe(1)
  store.recover()
  await eventually(() => expect(store.objects.size).toBe(0))
})

test('a backup stays when nobody knows whether the thread was deleted: it may be all that is left', async () => {
  const thread = await app.seed.thread({ messages: 1 })
  store.before = async (action) => {
    if (action === 'get') loseNextCommit(true)
  }

  expect(await deleteWithBackup(thread)).toFailWith({ code: 'SERVICE_UNAVAILABLE' })
  expect(await thread.owner.run('Thread', { id: thread.id })).toMatchObject({ data: { thread: null } })
  expect(recordsOf(store)).toHaveLength(2)
  // Nothing is left that would ever remove it.
  expect((await app.pool.query('select from outbox')).rowCount).toBe(0)
})

test('a backup whose process died before the deletion was committed is removed once its time is over', async () => {
  const thread = await app.seed.thread({ messages: 1 })
  store.before = async (action) => {
    if (action === 'get') loseNextCommit(false)
  }
  expect(await deleteWithBackup(thread)).toFailWith({ code: 'SERVICE_UNAVAILABLE' })
  await expectUntouched(thread)
  expect(recordsOf(store)).toHaveLength(2)

  await app.pool.query('update outbox set next_attempt_at = now()')

  await eventually(() => expect(store.objects.size).toBe(0))
})

test('a deletion whose backup is being removed already writes another', async () => {
  const thread = await app.seed.thread({ messages: 1 })
  let remove: () => void = () => undefined
  const removal = new Promise<void>((resolve) => {
    remove = resolve
  })
  let isRemoving = false
  store.before = async (action) => {
    if (isRemoving || (action !== 'get' && action !== 'delete')) return
    if (action === 'delete') {
      isRemoving = true
      return removal
    }
    await app.pool.query('update outbox set next_attempt_at = now()')
    await eventually(() => expect(isRemoving).toBe(true))
  }

  const { data } = await deleteWithBackup(thread)

  expect(data.deleteThread.backupLocation).toMatch(/^s3:bkup_\w+\.jsonl$/)
  remove()
  await eventually(async () => expect((await app.pool.query('select from outbox')).rowCount).toBe(0))
  expect([...store.objects.keys()]).toEqual([`threads/${data.deleteThread.backupLocation.split(':')[1]}`])
})
