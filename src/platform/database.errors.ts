/** What errors of the database, of Prisma over it and of the way to it mean to whoever gets them. */

const MAX_CAUSES = 6

export const SERIALIZATION_FAILURE = '40001'
const LOCK_TIMEOUT = '55P03'
const UNIQUE_VIOLATIONS = new Set(['P2002', '23505'])
// A NUL in a text or in JSON. Inputs are checked for it where they are read; this is for what is not.
const UNSTORABLE_TEXT = new Set(['22021', '22P05'])
const WRITE_CONFLICTS = new Set(['P2034', '40P01', SERIALIZATION_FAILURE])
// Prisma's, PostgreSQL's and the operating system's words for a database that cannot be reached or has no room or time
// now. 08P01 is a pooler's word for a server that is away or for a wait in its queue.
const AWAY = new Set([
  ...['P1001', 'P1002', 'P1008', 'P1017', 'P2024', 'P2028', 'P2037'],
  ...['08000', '08001', '08003', '08004', '08006', '08P01', '53200', '53300', '53400', '57014'],
  ...['25P03', '57P01', '57P02', '57P03', '57P05'],
  ...['ECONNREFUSED', 'ECONNRESET', 'ECONNABORTED', 'ETIMEDOUT', 'EPIPE'],
  ...['ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH'],
])
// pg gives these no code.
const AWAY_MESSAGE =
  /^(?:Connection terminated|timeout exceeded when trying to connect|Client (?:has encountered|was closed)|Cannot use a pool)/

/** The database is away, or has no room or time for this: the same request may succeed in a moment. */
export function isUnavailable(error: unknown): boolean {
  return isAway(error) || isLockTimeout(error) || isWriteConflict(error)
}

/** No answer, or the last one of its connection, can be expected. */
export function isAway(error: unknown): boolean {
  return factsOf(error).some(({ code, message }) => AWAY.has(code) || AWAY_MESSAGE.test(message))
}

/** Two transactions stood in each other's way, and PostgreSQL ended this one: it may be run again. */
export function isWriteConflict(error: unknown): boolean {
  return factsOf(error).some(({ code }) => WRITE_CONFLICTS.has(code))
}

/** Another transaction did not give back a lock in time. */
export function isLockTimeout(error: unknown): boolean {
  return factsOf(error).some(({ code }) => code === LOCK_TIMEOUT)
}

export function isUniqueViolation(error: unknown): boolean {
  return factsOf(error).some(({ code }) => UNIQUE_VIOLATIONS.has(code))
}

export function isUnstorableText(error: unknown): boolean {
  return factsOf(error).some(({ code }) => UNSTORABLE_TEXT.has(code))
}

/** Codes and messages of an error and of what caused it: Prisma, its adapter and pg each keep theirs elsewhere. */
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
