import pg from 'pg'
import { vi } from 'vitest'

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

function textOf(statement: unknown): string {
  return typeof statement === 'string' ? statement : String((statement as { text?: unknown })?.text)
}
