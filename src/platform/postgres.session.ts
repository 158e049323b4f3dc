/** What a session of Heddle on PostgreSQL is set to. */

/** In milliseconds; 0 is without a limit. */
export interface SessionLimits {
  statementMs: number
  lockMs: number
  /** between two statements of a transaction */
  idleInTransactionMs: number
  /** between two statements outside a transaction */
  idleMs: number
}

/**
 * Whoever waits for a lock holds one of the pool's connections, and gives it back before those who wait for a connection
 * give up. Between the statements of a transaction Heddle only computes: a node that is silent there is frozen, and what
 * it has locked is given back.
 */
export const requestLimits = (statementMs: number, lockMs: number): SessionLimits => ({
  statementMs,
  lockMs,
  idleInTransactionMs: 5_000,
  idleMs: 0,
})

/** A migration, and the build of an index, take what they take; a node that is frozen between two gives its lock back. */
export const MAINTENANCE_LIMITS: SessionLimits = {
  statementMs: 0,
  lockMs: 0,
  idleInTransactionMs: 5_000,
  idleMs: 60_000,
}

/** For a whole session. */
export function setSession(limits: SessionLimits): string {
  const settings = {
    ...settingsOf(limits),
    // Generic plans miss partial indexes.
    plan_cache_mode: 'force_custom_plan',
    idle_session_timeout: limits.idleMs,
    // The server learns within half a minute that a client's machine is gone.
    ...{ tcp_keepalives_idle: 10, tcp_keepalives_interval: 5, tcp_keepalives_count: 4 },
  }
  return statementsOf('set', settings)
}

/** For one transaction, where sessions are shared with others and keep nothing. */
export function setTransaction(limits: SessionLimits): string {
  return statementsOf('set local', settingsOf(limits))
}

function settingsOf({ statementMs, lockMs, idleInTransactionMs }: SessionLimits) {
  return {
    // Prisma writes times without a zone.
    timezone: 'UTC',
    // A statement that finds nothing is planned as if it might find much: compiling one took 361 ms.
    jit: 'off',
    statement_timeout: statementMs,
    lock_timeout: lockMs,
    idle_in_transaction_session_timeout: idleInTransactionMs,
  }
}

function statementsOf(command: string, settings: Readonly<Record<string, string | number>>): string {
  return Object.entries(settings)
    .map(([name, value]) => `${command} ${name} = '${value}'`)
    .join('; ')
}
