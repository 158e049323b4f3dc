import type { VariableName } from './config.schema.js'

/** Rules that involve more than one environment variable. */

/** Gets the variables that are set; returns what is wrong with their combination. */
type Rule = (given: Readonly<Partial<Record<VariableName, string>>>) => string | null

export const rules: readonly Rule[] = [
  (given) =>
    given.DATABASE_URL && !given.JWT_SECRET && !given.JWKS_URL && !given.BOOTSTRAP_API_KEY
      ? 'DATABASE_URL is set, but nobody could sign in: set JWT_SECRET, JWKS_URL or BOOTSTRAP_API_KEY too.'
      : null,
  (given) => {
    const missing = (['DATABASE_URL', 'REDIS_URL'] as const).filter((name) => !given[name])
    const role = given.HEDDLE_ROLE
    return (role === 'api' || role === 'worker') && missing.length > 0
      ? `HEDDLE_ROLE is "${role}", which shares its work with other processes: set ${missing.join(' and ')} too.`
      : null
  },
  (given) =>
    given.DATABASE_POOL_MODE === 'transaction' && !given.DATABASE_DIRECT_URL
      ? 'DATABASE_POOL_MODE is "transaction", which cannot run migrations: set DATABASE_DIRECT_URL too.'
      : null,
  (given) =>
    given.DATABASE_DIRECT_URL && !given.DATABASE_URL
      ? 'DATABASE_DIRECT_URL is set without DATABASE_URL: set DATABASE_URL too.'
      : null,
  both('SANDBOX_API_URL', 'SANDBOX_API_KEY'),
  both('SANDBOX_API_KEY', 'SANDBOX_API_URL'),
  both('BACKUP_S3_ACCESS_KEY_ID', 'BACKUP_S3_SECRET_ACCESS_KEY'),
  both('BACKUP_S3_SECRET_ACCESS_KEY', 'BACKUP_S3_ACCESS_KEY_ID'),
  (given) =>
    (given.BACKUP_S3_ENDPOINT || given.BACKUP_S3_ACCESS_KEY_ID) && !given.BACKUP_S3_BUCKET
      ? 'Settings of an S3-compatible backup store are set without its bucket: set BACKUP_S3_BUCKET too.'
      : null,
  (given) =>
    given.BACKUP_S3_BUCKET && given.BACKUP_DIR
      ? 'Both BACKUP_DIR and BACKUP_S3_BUCKET are set: set only one of them.'
      : null,
]

function both(one: VariableName, other: VariableName): Rule {
  return (given) =>
    given[one] && !given[other] ? `${one} is set without ${other}: set both or neither.` : null
}
