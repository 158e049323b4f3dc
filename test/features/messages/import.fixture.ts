import { randomUUID } from 'node:crypto'
import { expect } from 'vitest'
import type { Json, Reply, TestClient } from '../../support/client.js'
import { IMPORT_THREADS } from '../../support/documents.js'

/** Conversations to import, and what an import says of each. */

export interface NewThread {
  id: string
  title?: string
  createdAt?: string
  metadata?: unknown
  messages: { id: string; role: string; content: string; createdAt?: string }[]
}

export function conversation(messages = 2, id: string = randomUUID()): NewThread {
  const texts = Array.from({ length: messages }, (_, index) => ({
    id: `${id}-${index}`,
    role: index % 2 === 0 ? 'USER' : 'ASSISTANT',
    content: `line ${index}`,
  }))
  return { id, title: 'Imported', messages: texts }
}

export const runImport = (client: TestClient, threads: unknown, organizationId?: string): Promise<Reply> =>
  client.run(IMPORT_THREADS, { organizationId, threads })

export async function imported(
  client: TestClient,
  threads: readonly NewThread[],
  organizationId?: string,
): Promise<Json[]> {
  const { data, errors } = await runImport(client, threads, organizationId)
  expect(errors).toBeUndefined()
  return data.importThreads.results
}

export const done = (threadId: string, importedMessageCount: number) => ({
  threadId,
  importedMessageCount,
  error: null,
  status: 'IMPORTED',
})
export const unchanged = (threadId: string) => ({ ...done(threadId, 0), status: 'UNCHANGED' })
export const failed = (threadId: string, code: string, message: string) => ({
  threadId,
  status: 'FAILED',
  importedMessageCount: 0,
  error: { code, message },
})
