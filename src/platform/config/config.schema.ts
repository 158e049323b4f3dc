import { z } from 'zod'
import { address, documentation, optionalText, secret, text, toWhole, whole } from './config.fields.js'
import { requestVariables } from './config.requests.js'
import { webVariables } from './config.web.js'
import { websocketVariables } from './config.websocket.js'

/** Environment variables, each documented once: purpose, accepted values and default. */

const KEY = /^[\x21-\x7e]{1,4096}$/
const KEY_CHARACTERS = 'printable ASCII characters without spaces'

const MAX_DIMENSIONS = 4_000

const MODELS = z
  .array(
    z.object({
      model: z.string().regex(/^[^\p{Cc},]{1,255}$/u),
      dimensions: z.number().min(1).max(MAX_DIMENSIONS),
    }),
  )
  .refine(
    (models) =>
      new Set(models.map(({ model, dimensions }) => `${model}:${dimensions}`)).size === models.length,
  )

export const variables = z.object({
  PORT: whole(0, 65_535, 4000, 'TCP port to listen on; 0 selects any free port.'),
  HOST: z
    .string()
    .regex(/^[\w.:%-]{1,255}$/)
    .default('127.0.0.1')
    .register(documentation, {
      description: 'Address to listen on; 0.0.0.0 listens on every network.',
      accepted: 'a host name or an IP address',
    }),
  ...webVariables.shape,
  ...websocketVariables.shape,
  DATA_DIR: text('.heddle', 'Directory of the embedded database and of backups; created if missing.'),
  DATABASE_URL: address(
    ['postgres', 'postgresql'],
    null,
    'PostgreSQL 15 or later with pgvector. Not set: the embedded database.',
  ),
  DATABASE_POOL_MODE: z.enum(['session', 'transaction']).default('session').register(documentation, {
    description:
      'How a connection pooler at DATABASE_URL (PgBouncer, Supavisor, …) assigns connections; session also if there is no pooler.',
    accepted: 'session or transaction; transaction needs DATABASE_DIRECT_URL',
  }),
  DATABASE_DIRECT_URL: address(
    ['postgres', 'postgresql'],
    null,
    'PostgreSQL itself, bypassing the pooler: for migrations and index builds. Not set: DATABASE_URL.',
  ),
  DATABASE_POOL_SIZE: whole(
    2,
    1_000,
    20,
    'Connections per process to DATABASE_URL; at times two more to DATABASE_DIRECT_URL.',
  ),
  DATABASE_STATEMENT_TIMEOUT_SECONDS: whole(
    1,
    3_600,
    30,
    'Seconds that a statement may run, except in migrations and index builds. The longest, a deletion of 100,000 threads at once, takes a few. A connection that stays silent two seconds longer is closed.',
  ),
  DATABASE_LOCK_TIMEOUT_SECONDS: whole(
    1,
    300,
    4,
    'Seconds that a statement waits for a lock; less than DATABASE_CONNECT_TIMEOUT_SECONDS.',
  ),
  DATABASE_CONNECT_TIMEOUT_SECONDS: whole(
    1,
    300,
    10,
    'Seconds that a request waits for a connection, pooled or new.',
  ),
  DATABASE_QUEUE_SIZE: whole(
    1,
    100_000,
    2_000,
    'Statements and transactions that may wait for a connection at the same time. Further ones fail immediately with SERVICE_UNAVAILABLE, as they do if the database is slow or unreachable.',
  ),
  DATABASE_START_WAIT_SECONDS: whole(
    0,
    3_600,
    60,
    'Seconds that the process waits at start for a database that does not answer yet.',
  ),
  REDIS_URL: address(['redis', 'rediss'], null, 'Redis, which carries events between processes.'),
  HEDDLE_ROLE: z.enum(['all', 'api', 'worker']).default('all').register(documentation, {
    description: 'What this process does: answer clients (api), embed messages (worker), or both (all).',
    accepted: 'all, api or worker; api and worker need DATABASE_URL and REDIS_URL',
  }),
  JWT_SECRET: secret(
    /^.{32,4096}$/s,
    'at least 32 characters',
    'Secret that access tokens are signed with (HS256).',
  ),
  JWKS_URL: address(['https', 'http'], null, 'URL of the JSON Web Key Set that verifies access tokens.'),
  JWT_ISSUER: optionalText('Issuer (iss) required in access tokens.'),
  JWT_AUDIENCE: optionalText('Audience (aud) required in access tokens.'),
  BOOTSTRAP_API_KEY: secret(
    /^[\x21-\x7e]{24,200}$/,
    '24 to 200 printable ASCII characters without spaces',
    'API key of the first user, valid from the first start.',
  ),
  EMBEDDING_PROVIDER: z.enum(['builtin', 'openai']).default('builtin').register(documentation, {
    description: 'Source of embeddings: the built-in word vectors, or any OpenAI-compatible service.',
    accepted: 'builtin or openai',
  }),
  EMBEDDING_BASE_URL: address(
    ['https', 'http'],
    'https://api.openai.com/v1',
    'Base URL of the OpenAI-compatible service; /embeddings is appended.',
  ),
  EMBEDDING_API_KEY: secret(
    KEY,
    KEY_CHARACTERS,
    'API key of the OpenAI-compatible service; a local one may need none.',
  ),
  EMBEDDING_MODEL: optionalText(
    'Embedding model of the OpenAI-compatible service. Not set: text-embedding-3-small.',
  ),
  EMBEDDING_DIMENSIONS: z
    .string()
    .transform(toWhole)
    .pipe(z.number().min(1).max(MAX_DIMENSIONS))
    .nullable()
    .default(null)
    .register(documentation, {
      description: "Dimensions of that model's vectors; required if Heddle does not know the model.",
      accepted: 'a whole number from 1 to 4,000',
    }),
  EMBEDDING_MODELS: z.string().transform(toModels).pipe(MODELS).default([]).register(documentation, {
    description:
      'Further embedding models of that service that spaces can be re-embedded with; the built-in one is always included.',
    accepted:
      'model:dimensions, comma-separated, each model once: text-embedding-3-small:1536, text-embedding-3-large:3072',
  }),
  SANDBOX_API_URL: address(
    ['https', 'http'],
    null,
    'Base URL of the service that runs the sandboxes of projects; each sandbox must carry the label `heddle-organization` with the id of the organization that may use it. Needs SANDBOX_API_KEY.',
  ),
  SANDBOX_API_KEY: secret(KEY, KEY_CHARACTERS, 'Bearer token for the sandbox service.'),
  BACKUP_DIR: optionalText('Directory of backups, the same for every process. Not set: backups in DATA_DIR.'),
  BACKUP_S3_BUCKET: optionalText(
    'Bucket of an S3-compatible store; backups are written there instead of to BACKUP_DIR.',
  ),
  BACKUP_S3_ENDPOINT: address(['https', 'http'], null, 'URL of the S3-compatible store. Not set: AWS.'),
  BACKUP_S3_REGION: text('us-east-1', 'Region of the S3-compatible store.'),
  BACKUP_S3_ACCESS_KEY_ID: secret(
    KEY,
    KEY_CHARACTERS,
    "Access key id for that store. Not set, with its secret: the machine's own credentials.",
  ),
  BACKUP_S3_SECRET_ACCESS_KEY: secret(KEY, KEY_CHARACTERS, 'Secret access key for that store.'),
  THREAD_RETENTION_DAYS: whole(1, 3650, 30, 'Days during which a soft-deleted thread can be restored.'),
  VECTOR_INDEX_MIN_VECTORS: whole(
    100,
    1_000_000_000,
    50_000,
    'Number of vectors from which a space gets an approximate index (HNSW) in addition to exact search; it is dropped below half of that. PostgreSQL only.',
  ),
  VECTOR_INDEX_MEMORY_MB: whole(
    16,
    1_000_000,
    512,
    'Megabytes of memory of PostgreSQL that building such an index may use; a build that needs more is many times slower.',
  ),
  AUDIT_RETENTION_DAYS: whole(
    0,
    36_500,
    0,
    'Days that audit events are kept, give or take one; 0 keeps them forever.',
  ),
  BACKFILL_RETENTION_DAYS: whole(
    0,
    36_500,
    30,
    'Days that backfills and re-embeddings are kept after they end; 0 keeps them forever. The last backfill of a thread is kept while the thread is in the space, the last re-embedding while the space exists.',
  ),
  DELETION_RETENTION_DAYS: whole(
    0,
    36_500,
    90,
    'Days that restored or purged deletions can still be looked up; 0 keeps them forever. Their audit events are kept separately.',
  ),
  SPACE_RETENTION_DAYS: whole(
    0,
    36_500,
    30,
    'Days that the row of a deleted space and its grants are kept, and at least until its last backfill is removed; 0 keeps them forever. The contents of the space are removed right away.',
  ),
  ORGANIZATION_THREAD_LIMIT: whole(
    1,
    1_000_000_000,
    1_000_000,
    'Live threads that an organization may have.',
  ),
  ORGANIZATION_PROJECT_LIMIT: whole(1, 1_000_000_000, 10_000, 'Live projects that an organization may have.'),
  ...requestVariables.shape,
  ENVIRONMENT: text('development', 'Name of the deployment, shown in deletion receipts.'),
  REGION: text('local', 'Region of the deployment, shown in deletion receipts.'),
  LOG_LEVEL: z
    .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'])
    .default('info')
    .register(documentation, {
      description: 'Least severe level that is logged.',
      accepted: 'trace, debug, info, warn, error, fatal or silent',
    }),
})

export type VariableName = keyof typeof variables.shape
export type Values = z.infer<typeof variables>

/** A model name may contain colons. */
function toModels(value: string): { model: string; dimensions: number }[] {
  return value.split(',').map((entry) => {
    const [, model = '', dimensions = ''] = /^(.*):([^:]*)$/.exec(entry.trim()) ?? []
    return { model: model.trim(), dimensions: toWhole(dimensions.trim()) }
  })
}
