import { expect } from 'vitest'
import { startTestApp, type TestApp, type TestAppOptions } from '../../support/app.js'
import type { Reply } from '../../support/client.js'
import { documentOf } from '../../support/operations.js'
import { type FakeS3Endpoint, type S3Action, startS3Endpoint } from '../../support/s3.endpoint.js'
import type { SeededThread } from '../../support/seed.js'

/** An app whose backups go to an S3-compatible store of the test's own. */
/** The contract's document, with the argument that it leaves out. */
export const DELETE_WITH_BACKUP = documentOf('DeleteThread')
  .replace('$mode: DeletionMode', '$mode: DeletionMode, $backup: Boolean')
  .replace('mode: $mode', 'mode: $mode, backup: $backup')

export interface BackedUpApp extends AsyncDisposable {
  app: TestApp
  store: FakeS3Endpoint
}

export async function startBackedUpApp(options: TestAppOptions = {}): Promise<BackedUpApp> {
  const store = await startS3Endpoint()
  const environment = {
    BACKUP_S3_ENDPOINT: store.url,
    BACKUP_S3_BUCKET: 'threads',
    BACKUP_S3_ACCESS_KEY_ID: 'id',
    BACKUP_S3_SECRET_ACCESS_KEY: 'secret',
    ...options.environment,
  }
  const app = await startTestApp({ ...options, environment })
  return {
    app,
    store,
    async [Symbol.asyncDispose]() {
      await app[Symbol.asyncDispose]()
      await store.close()
    },
  }
}

/** Forgets what a test before has left. */
export function clear(store: FakeS3Endpoint): void {
  store.recover()
  store.objects.clear()
  store.actions.length = 0
  store.before = async () => undefined
}

/** Does something while a backup is being written: each time, or the first times only. */
export function whileWriting(
  store: FakeS3Endpoint,
  work: () => Promise<unknown>,
  times = Number.POSITIVE_INFINITY,
): void {
  let left = times
  store.before = async (action) => {
    if (action !== 'put' || left === 0) return
    left -= 1
    await work()
  }
}

export function countOf(store: FakeS3Endpoint, action: S3Action): number {
  return store.actions.filter((done) => done === action).length
}

export function deleteWithBackup(
  { id, owner }: Pick<SeededThread, 'id' | 'owner'>,
  variables: Record<string, unknown> = {},
): Promise<Reply> {
  return owner.run(DELETE_WITH_BACKUP, { threadId: id, backup: true, ...variables })
}

/** The records of the only backup there is. */
export function recordsOf(store: FakeS3Endpoint): Record<string, unknown>[] {
  const [backup, ...others] = store.objects.values()
  expect(others).toEqual([])
  return String(backup)
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
}

/** Live, with all its messages. */
export async function expectUntouched({ id, owner, messageIds }: SeededThread): Promise<void> {
  const { thread } = await owner.must('query ($id: ID!) { thread(id: $id) { messageCount } }', { id })
  expect(thread).toEqual({ messageCount: messageIds.length })
}
