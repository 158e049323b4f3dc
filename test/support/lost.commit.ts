import pg from 'pg'
import { vi } from 'vitest'

/**
 * The connection of the next commit of a mutation breaks: after the database has committed and before anybody hears of it,
 * or before the database was asked to. Workers commit meanwhile, but write no audit event.
 */
export function loseNextCommit(isCommitted: boolean): void {
  const { query } = pg.Client.prototype
  const spy = vi.spyOn(pg.Client.prototype, 'query') as unknown as {
    mockImplementation(run: (this: pg.Client, ...args: unknown[]) => unknown): void
  }
  const audited = new WeakSet<pg.Client>()
  spy.mockImplementation(async function (this: pg.Client, ...args: unknown[]) {
    if (/^insert into .*audit_event/i.test(textOf(args[0]).trim())) audited.add(this)
    if (args[0] !== 'commit' || !audited.has(this)) return Reflect.apply(query, this, args)
    if (isCommitted) await Reflect.apply(query, this, args)
    vi.restoreAllMocks()
    throw new Error('Connection terminated unexpectedly')
  })
}

function textOf(statement: unknown): string {
  return typeof statement === 'string'
    ? statement
    : String((statement as { text?: unknown } | undefined)?.text)
}
