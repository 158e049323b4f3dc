/** Classifies errors of the database, of Prisma and of the connection to the database. */

const MAX_CAUSES = 6

export const SERIALIZATION_FAILURE = '40001'
const LOCK_TIMEOUT = '55P03'
const UNIQUE_VIOLATIONS = new Set(['P2002', '23505'])
// A NUL in a text or in JSON. Inputs are validated earlier; this catches what validation missed.
const UNSTORABLE_TEXT = new Set(['22021', '22P05'])
const WRITE_CONFLICTS = new Set(['P2034', '40P01', SERIALIZATION_FAILURE])
// Codes of Prisma, PostgreSQL and the operating system for a database that is unreachable, full or overloaded. Poolers
// send 08P01 if the server is unreachable or a wait in their queue times out.
const AWAY = new Set([
  'P1001',
  'P1002',
  'P1008',
  'P1017',
  'P2024',
  'P2028',
  'P2037',
  '08000',
  '08001',
  '08003',
  '08004',
  '08006',
  '08P01',
  '53200',
  '53300',
  '53400',
  '57014',
  '25P03',
  '57P01',
  '57P02',
  '57P03',
  '57P05',
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'ETIMEDOUT',
  'EPIPE',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
])
// pg has no codes for these.
const AWAY_MESSAGE =
  /^(?:Connection terminated|timeout exceeded when trying to connect|Client (?:has encountered|was closed)|Cannot use a pool)/

/** The database is unavailable or overloaded: the same request may succeed later. */
export function isUnavailable(error: unknown): boolean {
  return isAway(error) || isLockTimeout(error) || isWriteConflict(error)
}

/** The connection is lost: no further answer can be expected from it. */
export function isAway(error: unknown): boolean {
  return factsOf(error).some(({ code, message }) => AWAY.has(code) || AWAY_MESSAGE.test(message))
}

/** A deadlock or serialization failure, for which PostgreSQL aborted this transaction: it may be run again. */
export function isWriteConflict(error: unknown): boolean {
  return factsOf(error).some(({ code }) => WRITE_CONFLICTS.has(code))
}

/** Another transaction did not release a lock in time. */
export function isLockTimeout(error: unknown): boolean {
  return factsOf(error).some(({ code }) => code === LOCK_TIMEOUT)
}

export function isUniqueViolation(error: unknown): boolean {
  return factsOf(error).some(({ code }) => UNIQUE_VIOLATIONS.has(code))
}

export function isUnstorableText(error: unknown): boolean {
  return factsOf(error).some(({ code }) => UNSTORABLE_TEXT.has(code))
}

/** Codes and messages of an error and its causes: Prisma, its adapter and pg each use different properties. */
function factsOf(error: unknown): { code: string; message: string }[] {
  const facts: { code: string; message: string }[] = []
  const waiting: unknown[] = [error]
  while (waiting.length > 0 && facts.length < MAX_CAUSES) {
    const next = waiting.shift()
    if (typeof next !== 'object' || next === null) continue
    const { code, originalCode, message, cause, meta, errors } = next as Record<string, unknown>
    facts.push({
      code: typeof code === 'string' ? code : String(originalCode ?? ''),
      message: typeof message === 'string' ? message : '',
    })
    waiting.push(cause, (meta as { driverAdapterError?: unknown } | undefined)?.driverAdapterError)
    if (Array.isArray(errors)) waiting.push(...errors)
  }
  return facts
}
