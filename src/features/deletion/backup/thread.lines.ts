import type { Queryable } from '../../../platform/database/database.js'
import {
  type BackupHeader,
  type BackupMessage,
  type BackupRun,
  selectMessagePage,
  selectRunPage,
} from './thread.backup.sql.js'

const FORMAT_VERSION = 1

/**
 * A thread as JSON lines: the thread, its messages in order, then its agent runs; `npm run import` reads them. One page is
 * in memory at a time, and each page is a separate statement: the caller must check that the thread did not change in the
 * meantime.
 */
export async function* writeThread(db: Queryable, thread: BackupHeader): AsyncGenerator<string> {
  yield lineOf('thread', { version: FORMAT_VERSION, ...thread })
  yield* writeMessages(db, thread.id)
  yield* writeRuns(db, thread.id)
}

async function* writeMessages(db: Queryable, threadId: string): AsyncGenerator<string> {
  let last: BackupMessage | undefined
  do {
    const page = await db.query(selectMessagePage(threadId, last?.sequence ?? 0))
    for (const message of page) yield lineOf('message', message)
    last = page.at(-1)
  } while (last)
}

async function* writeRuns(db: Queryable, threadId: string): AsyncGenerator<string> {
  let last: BackupRun | undefined
  do {
    const page = await db.query(selectRunPage(threadId, last))
    for (const run of page) yield lineOf('agentRun', run)
    last = page.at(-1)
  } while (last)
}

function lineOf(kind: 'thread' | 'message' | 'agentRun', fields: object): string {
  return JSON.stringify({ heddle: kind, ...fields })
}
