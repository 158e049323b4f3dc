import type pg from 'pg'

/** The pool's connections do not keep their sessions. The message says what to do. */
export class SharedSessionsError extends Error {
  override readonly name = 'SharedSessionsError'
}

/**
 * Throws unless each connection has a session of its own. A pooler in transaction mode assigns the session of one
 * connection to another one: settings, prepared statements and session locks would be lost or seen by others.
 */
export async function requireOwnSessions(pool: pg.Pool, advice: string): Promise<void> {
  const one = await pool.connect()
  const other = await pool.connect().catch((error: unknown) => {
    one.release(true)
    throw error
  })
  try {
    const before = await sessionOf(one)
    await other.query('begin')
    const during = await sessionOf(other)
    const after = during === before ? null : await sessionOf(one)
    await other.query('commit')
    if (after !== before) throw new SharedSessionsError(advice)
  } finally {
    // Discarded, because their state is unknown.
    one.release(true)
    other.release(true)
  }
}

async function sessionOf(client: pg.PoolClient): Promise<number> {
  const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid')
  return rows[0]?.pid ?? 0
}
