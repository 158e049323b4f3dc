import { z } from 'zod'
import { address, documentation, optionalText, secret, text, toWhole, whole } from './config.fields.js'
import { requestVariables } from './config.requests.js'
import { webVariables } from './config.web.js'
import { websocketVariables } from './config.websocket.js'

/** The environment's variables: each documented once, with what it is for, what it accepts and its default. */

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
  PORT: whole(0, 65_535, 4000, 'TCP port to listen on; 0 takes any free one.'),
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
  DATA_DIR: text('.heddle', 'Directory of the embedded database and of backups, made when it is missing.'),
  DATABASE_URL: address(
    ['postgres', 'postgresql'],
    null,
    'PostgreSQL 15 or later with pgvector. Without it, Heddle runs its embedded database.',
  ),
  DATABASE_POOL_MODE: z.enum(['session', 'transaction']).default('session').register(documentation, {
    description:
      'How a connection pooler at DATABASE_URL (PgBouncer, Supavisor, …) lends its connections; session too where there is none.',
    accepted: 'session or transaction; transaction needs DATABASE_DIRECT_URL',
  }),
  DATABASE_DIRECT_URL: address(
    ['postgres', 'postgresql'],
    null,
    'PostgreSQL itself, past the pooler: for migrations and for building indexes. Without it, DATABASE_URL.',
  ),
  DATABASE_POOL_SIZE: whole(
    2,
    1_000,
    20,
    'Connections that a process opens to DATABASE_URL; two more at times to DATABASE_DIRECT_URL.',
  ),
  DATABASE_STATEMENT_TIMEOUT_SECONDS: whole(
    1,
    3_600,
    30,
    'Seconds that a statement may take, except in migrations and builds of indexes. The longest, a deletion of 100,000 threads at once, takes a few. A connection that is silent for two seconds more is closed.',
  ),
  DATABASE_LOCK_TIMEOUT_SECONDS: whole(
    1,
    300,
    4,
    'Seconds that a statement waits for a lock; less than requests wait for a connection.',
  ),
  DATABASE_CONNECT_TIMEOUT_SECONDS: whole(
    1,
    300,
    10,
    'Seconds that a request waits for a connection, a free one or a new one.',
  ),
  DATABASE_QUEUE_SIZE: whole(
    1,
    100_000,
    2_000,
    'Statements and transactions that wait for a connection at once. One more is refused with SERVICE_UNAVAILABLE at once, as when the database is slow or away.',
  ),
  DATABASE_START_WAIT_SECONDS: whole(
    0,
    3_600,
    60,
    'Seconds that a start waits for a database that does not answer yet.',
  ),
  REDIS_URL: address(
    ['redis', 'rediss'],
    null,
    'Redis, which carries events from one process to the others.',
  ),
  HEDDLE_ROLE: z.enum(['all', 'api', 'worker']).default('all').register(documentation, {
    description: 'What this process does: answer clients (api), embed messages (worker), or both (all).',
    accepted: 'all, api or worker; api and worker need DATABASE_URL and REDIS_URL',
  }),
  JWT_SECRET: secret(/^.{32,4096}$/s, 'at least 32 characters', 'Secret that signs access tokens (HS256).'),
  JWKS_URL: address(['https', 'http'], null, 'Where the public keys that sign access tokens are published.'),
  JWT_ISSUER: optionalText('Issuer (iss) that an access token must name.'),
  JWT_AUDIENCE: optionalText('Audience (aud) that an access token must name.'),
  BOOTSTRAP_API_KEY: secret(
    /^[\x21-\x7e]{24,200}$/,
    '24 to 200 printable ASCII characters without spaces',
    'API key that is valid from the start, for the first user.',
  ),
  EMBEDDING_PROVIDER: z.enum(['builtin', 'openai']).default('builtin').register(documentation, {
    description: 'What makes vectors: the built-in word vectors, or any OpenAI-compatible service.',
    accepted: 'builtin or openai',
  }),
  EMBEDDING_BASE_URL: address(
    ['https', 'http'],
    'https://api.openai.com/v1',
    'Base address of the OpenAI-compatible service; /embeddings is put behind it.',
  ),
  EMBEDDING_API_KEY: secret(KEY, KEY_CHARACTERS, 'Key for that service; a local one may need none.'),
  EMBEDDING_MODEL: optionalText('Model of that service; left out, text-embedding-3-small.'),
  EMBEDDING_DIMENSIONS: z
    .string()
    .transform(toWhole)
    .pipe(z.number().min(1).max(MAX_DIMENSIONS))
    .nullable()
    .default(null)
    .register(documentation, {
      description: "Length of that model's vectors; needed when Heddle does not know the model.",
      accepted: 'a whole number from 1 to 4,000',
    }),
  EMBEDDING_MODELS: z.string().transform(toModels).pipe(MODELS).default([]).register(documentation, {
    description:
      'Further models of that service, which spaces can be re-embedded to; the built-in one is always among them.',
    accepted:
      'model:dimensions, each once, with commas between them: text-embedding-3-small:1536, text-embedding-3-large:3072',
  }),
  SANDBOX_API_URL: address(
    ['https', 'http'],
    null,
    'Base address of the service that holds the sandboxes of projects, each labelled `heddle-organization` with the organization that may use it; needs SANDBOX_API_KEY.',
  ),
  SANDBOX_API_KEY: secret(KEY, KEY_CHARACTERS, 'Bearer token for the sandbox service.'),
  BACKUP_DIR: optionalText(
    'Directory of backups, the same for every process; left out, backups in DATA_DIR.',
  ),
  BACKUP_S3_BUCKET: optionalText('Bucket of an S3-compatible store that backups go to instead.'),
  BACKUP_S3_ENDPOINT: address(['https', 'http'], null, 'Address of that store; left out, AWS.'),
  BACKUP_S3_REGION: text('us-east-1', 'Region of that store.'),
  BACKUP_S3_ACCESS_KEY_ID: secret(
    KEY,
    KEY_CHARACTERS,
    "Id of the key for that store; left out with the key, the machine's own credentials.",
  ),
  BACKUP_S3_SECRET_ACCESS_KEY: secret(KEY, KEY_CHARACTERS, 'The key for that store.'),
  THREAD_RETENTION_DAYS: whole(1, 3650, 30, 'Days in which a soft-deleted thread can be restored.'),
  VECTOR_INDEX_MIN_VECTORS: whole(
    100,
    1_000_000_000,
    50_000,
    'Vectors from which a space gets an approximate index (HNSW) beside the exact search; it loses it below half of them. PostgreSQL only.',
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
    'Days for which audit events are kept, and up to one more; 0 keeps them for ever.',
  ),
  BACKFILL_RETENTION_DAYS: whole(
    0,
    36_500,
    30,
    'Days for which backfills and re-embeddings are kept after their end; 0 keeps them for ever. The last backfill of a thread stays while the thread is in the space, the last re-embedding while the space is there.',
  ),
  DELETION_RETENTION_DAYS: whole(
    0,
    36_500,
    90,
    'Days for which deletions that were restored or purged can still be looked up, from then on; 0 keeps them for ever. Their audit events stay.',
  ),
  SPACE_RETENTION_DAYS: whole(
    0,
    36_500,
    30,
    'Days for which the row of a deleted space and its grants are kept, and until its last backfill is gone; 0 keeps them for ever. What was in the space goes at once.',
  ),
  ORGANIZATION_THREAD_LIMIT: whole(
    1,
    1_000_000_000,
    1_000_000,
    'Live threads that an organization may have.',
  ),
  ORGANIZATION_PROJECT_LIMIT: whole(1, 1_000_000_000, 10_000, 'Live projects that an organization may have.'),
  ...requestVariables.shape,
  ENVIRONMENT: text('development', 'Name of the deployment, shown in the receipts of deletions.'),
  REGION: text('local', 'Region of the deployment, shown in the receipts of deletions.'),
  LOG_LEVEL: z
    .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'])
    .default('info')
    .register(documentation, {
      description: 'The least severe events that are logged.',
      accepted: 'trace, debug, info, warn, error, fatal or silent',
    }),
})

export type VariableName = keyof typeof variables.shape
export type Values = z.infer<typeof variables>

/** A model's name may hold colons itself. */
function toModels(value: string): { model: string; dimensions: number }[] {
  return value.split(',').map((entry) => {
    const [, model = '', dimensions = ''] = /^(.*):([^:]*)$/.exec(entry.trim()) ?? []
    return { model: model.trim(), dimensions: toWhole(dimensions.trim()) }
  })
}
