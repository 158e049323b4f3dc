import pg from 'pg'
import { vi } from 'vitest'
import { Database, type Fragment, type Transaction } from '../../src/platform/database/database.js'

/** Counts the statements that this process sends to its databases while something runs. */
export async function countStatements(work: () => Promise<unknown>): Promise<number> {
  return (await recordStatements(work)).texts.length
}

/** Their texts, and what the work gave. */
export async function recordStatements<Result>(
  work: () => Promise<Result>,
): Promise<{ result: Result; texts: string[] }> {
  const query = vi.spyOn(pg.Client.prototype, 'query')
  try {
    const result = await work()
    return { result, texts: query.mock.calls.map(([statement]) => textOf(statement)) }
  } finally {
    query.mockRestore()
  }
}

/** The statement that a call of a model sends. */
export async function modelStatement(
  pool: pg.Pool,
  call: (tx: Transaction) => Promise<unknown>,
): Promise<Fragment> {
  const query = vi.spyOn(pg.Client.prototype, 'query')
  const db = new Database(pool)
  try {
    await db.transaction(call)
    const sent: unknown[] = query.mock.calls.map(([statement]) => statement)
    return sent.find((statement) => typeof statement === 'object') as Fragment
  } finally {
    query.mockRestore()
    await db.close()
  }
}

function textOf(statement: unknown): string {
  return typeof statement === 'string' ? statement : String((statement as { text?: unknown })?.text)
}
