/** Settings of Heddle's sessions on PostgreSQL. */

/** In milliseconds; 0 means unlimited. */
export interface SessionLimits {
  statementMs: number
  lockMs: number
  /** between two statements of a transaction */
  idleInTransactionMs: number
  /** between two statements outside a transaction */
  idleMs: number
}

/**
 * The lock timeout is shorter than the wait for a connection: a statement that waits for a lock occupies a connection, and
 * must return it before requests that wait for one give up. Between the statements of a transaction Heddle only computes,
 * so a node that is silent there is frozen; the server ends its transaction and releases its locks.
 */
export const requestLimits = (statementMs: number, lockMs: number): SessionLimits => ({
  statementMs,
  lockMs,
  idleInTransactionMs: 5_000,
  idleMs: 0,
})

/** For migrations and index builds, which have no time limit; a node frozen between two statements loses its locks. */
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
    // Generic plans do not use partial indexes.
    plan_cache_mode: 'force_custom_plan',
    idle_session_timeout: limits.idleMs,
    // The server detects within half a minute that a client's machine is gone.
    tcp_keepalives_idle: 10,
    tcp_keepalives_interval: 5,
    tcp_keepalives_count: 4,
  }
  return statementsOf('set', settings)
}

/** For one transaction, if sessions are shared with other clients. */
export function setTransaction(limits: SessionLimits): string {
  return statementsOf('set local', settingsOf(limits))
}

function settingsOf({ statementMs, lockMs, idleInTransactionMs }: SessionLimits) {
  return {
    // Prisma writes times without a zone.
    timezone: 'UTC',
    // PostgreSQL estimates a costly plan for statements that usually find nothing: compiling one took 361 ms.
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
