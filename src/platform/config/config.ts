import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import type { S3Settings } from '../backup/s3.backup.store.js'
import { type Documentation, documentation } from './config.fields.js'
import { type RequestSettings, readRequestSettings } from './config.requests.js'
import { rules } from './config.rules.js'
import { type Values, type VariableName, variables } from './config.schema.js'
import { readWeb, type WebSettings } from './config.web.js'
import { readWebsocket, type WebsocketSettings } from './config.websocket.js'

/** The configuration, read once at start: the only module that reads the environment. */
export interface Config {
  port: number
  host: string
  web: WebSettings
  websocket: WebsocketSettings
  dataDir: string
  /** null: the embedded database in `dataDir` */
  databaseUrl: string | null
  /** of the server at `databaseUrl` */
  database: {
    /** bypasses any pooler; null: use `databaseUrl` */
    directUrl: string | null
    poolMode: 'session' | 'transaction'
    poolSize: number
    statementTimeoutMs: number
    lockTimeoutMs: number
    connectTimeoutMs: number
    queueSize: number
    startWaitMs: number
  }
  redisUrl: string | null
  role: 'all' | 'api' | 'worker'
  jwtSecret: string | null
  jwksUrl: string | null
  jwtIssuer: string | null
  jwtAudience: string | null
  bootstrapApiKey: string | null
  embedding: {
    provider: 'builtin' | 'openai'
    /** without a trailing slash; null for the built-in vectors */
    baseUrl: string | null
    apiKey: string | null
    model: string | null
    dimensions: number | null
    /** further models of the same service */
    models: readonly { model: string; dimensions: number }[]
  }
  /** `url` has no trailing slash; null: no such service */
  sandbox: { url: string; apiKey: string } | null
  backup: {
    /** not used if `s3` is set */
    directory: string
    s3: S3Settings | null
  }
  threadRetentionDays: number
  vectorIndex: { minVectors: number; memoryMb: number }
  /** 0: forever */
  auditRetentionDays: number
  /** of ended or deleted records; 0: forever */
  retentionDays: { backfills: number; deletions: number; spaces: number }
  organizationThreadLimit: number
  organizationProjectLimit: number
  requests: RequestSettings
  environment: string
  region: string
  logLevel: string
}

const SECOND_MS = 1_000

export type Environment = Readonly<Record<string, string | undefined>>

/** The configuration is invalid; `problems` and the message list everything that is wrong with it. */
export class ConfigError extends Error {
  constructor(readonly problems: readonly string[]) {
    super(`The configuration is invalid:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`)
    this.name = 'ConfigError'
  }
}

/** The process's environment, with the directory's `.env` file, if any, as defaults. */
export function readEnvironment(
  directory: string = process.cwd(),
  environment: Environment = process.env,
): Environment {
  return { ...parseEnv(readEnvFile(join(directory, '.env'))), ...environment }
}

export function loadConfig(environment: Environment = readEnvironment()): Config {
  const given = Object.fromEntries(
    variableNames()
      .map((name) => [name, environment[name]] as const)
      // An empty value, from `PORT=` in a file or an empty form field, means: not set.
      .filter(([, value]) => value !== undefined && value !== ''),
  ) as Partial<Record<VariableName, string>>

  const { data: values, error } = variables.safeParse(given)
  const wrong = new Set(error?.issues.map((issue) => issue.path[0] as VariableName))
  const problems = [
    ...Array.from(wrong, (name) => explain(name, given[name] ?? '')),
    ...rules.map((rule) => rule(given)).filter((problem) => problem !== null),
  ]
  if (values === undefined || problems.length > 0) throw new ConfigError(problems)

  const isService = values.EMBEDDING_PROVIDER === 'openai'
  const withService = isService || values.EMBEDDING_MODELS.length > 0
  return {
    port: values.PORT,
    host: values.HOST,
    web: readWeb(values),
    websocket: readWebsocket(values),
    dataDir: values.DATA_DIR,
    databaseUrl: values.DATABASE_URL,
    database: {
      directUrl: values.DATABASE_DIRECT_URL,
      poolMode: values.DATABASE_POOL_MODE,
      poolSize: values.DATABASE_POOL_SIZE,
      statementTimeoutMs: values.DATABASE_STATEMENT_TIMEOUT_SECONDS * SECOND_MS,
      lockTimeoutMs: values.DATABASE_LOCK_TIMEOUT_SECONDS * SECOND_MS,
      connectTimeoutMs: values.DATABASE_CONNECT_TIMEOUT_SECONDS * SECOND_MS,
      queueSize: values.DATABASE_QUEUE_SIZE,
      startWaitMs: values.DATABASE_START_WAIT_SECONDS * SECOND_MS,
    },
    redisUrl: values.REDIS_URL,
    role: values.HEDDLE_ROLE,
    jwtSecret: values.JWT_SECRET,
    jwksUrl: values.JWKS_URL,
    jwtIssuer: values.JWT_ISSUER,
    jwtAudience: values.JWT_AUDIENCE,
    bootstrapApiKey: values.BOOTSTRAP_API_KEY,
    embedding: {
      provider: values.EMBEDDING_PROVIDER,
      baseUrl: withService && values.EMBEDDING_BASE_URL ? asBase(values.EMBEDDING_BASE_URL) : null,
      apiKey: withService ? values.EMBEDDING_API_KEY : null,
      model: isService ? values.EMBEDDING_MODEL : null,
      dimensions: isService ? values.EMBEDDING_DIMENSIONS : null,
      models: values.EMBEDDING_MODELS,
    },
    sandbox:
      values.SANDBOX_API_URL && values.SANDBOX_API_KEY
        ? { url: asBase(values.SANDBOX_API_URL), apiKey: values.SANDBOX_API_KEY }
        : null,
    backup: {
      directory: values.BACKUP_DIR ?? join(values.DATA_DIR, 'backups'),
      s3: values.BACKUP_S3_BUCKET === null ? null : readS3(values, values.BACKUP_S3_BUCKET),
    },
    threadRetentionDays: values.THREAD_RETENTION_DAYS,
    vectorIndex: { minVectors: values.VECTOR_INDEX_MIN_VECTORS, memoryMb: values.VECTOR_INDEX_MEMORY_MB },
    auditRetentionDays: values.AUDIT_RETENTION_DAYS,
    retentionDays: {
      backfills: values.BACKFILL_RETENTION_DAYS,
      deletions: values.DELETION_RETENTION_DAYS,
      spaces: values.SPACE_RETENTION_DAYS,
    },
    organizationThreadLimit: values.ORGANIZATION_THREAD_LIMIT,
    organizationProjectLimit: values.ORGANIZATION_PROJECT_LIMIT,
    requests: readRequestSettings(values, values.ENVIRONMENT),
    environment: values.ENVIRONMENT,
    region: values.REGION,
    logLevel: values.LOG_LEVEL,
  }
}

export interface VariableDescription {
  name: VariableName
  description: string
  /** null: not set */
  default: string | null
  accepted: string
  secret: boolean
}

export function describeConfig(): VariableDescription[] {
  return variableNames().map((name) => {
    const value = variables.shape[name].parse(undefined)
    const { description, accepted, secret } = documented(name)
    return {
      name,
      description,
      accepted,
      secret,
      default: value === null || Array.isArray(value) ? null : String(value),
    }
  })
}

function variableNames(): VariableName[] {
  return Object.keys(variables.shape) as VariableName[]
}

function documented(name: VariableName): Required<Documentation> {
  const entry = documentation.get(variables.shape[name])
  if (entry === undefined) throw new Error(`${name} is not documented`)
  return { secret: false, address: false, ...entry }
}

function explain(name: VariableName, value: string): string {
  const { accepted, secret, address } = documented(name)
  const text = value.length > 80 ? `${value.slice(0, 80)}…` : value
  // Any variable may contain a URL with a password by mistake.
  const open = address || /[@:/]/.test(value) ? withoutPassword(value) : JSON.stringify(text)
  const shown = (!secret && open) || `hidden (${value.length} characters)`
  return `${name} is ${shown}; accepted: ${accepted}.`
}

/** Scheme and host of a URL; null if its host cannot be identified. */
function withoutPassword(value: string): string | null {
  if (!URL.canParse(value)) return null
  const url = new URL(value)
  // An unencoded slash or question mark in a password ends the host early, so part of the password would be shown.
  const cut = `${url.pathname}${url.search}${url.hash}`.includes('@')
  return cut || url.host === '' ? null : `"${url.protocol}//${url.host}/…"`
}

function readS3(values: Values, bucket: string): S3Settings {
  const { BACKUP_S3_ACCESS_KEY_ID: accessKeyId, BACKUP_S3_SECRET_ACCESS_KEY: secretAccessKey } = values
  return {
    bucket,
    endpoint: values.BACKUP_S3_ENDPOINT,
    region: values.BACKUP_S3_REGION,
    credentials: accessKeyId && secretAccessKey ? { accessKeyId, secretAccessKey } : null,
  }
}

function asBase(url: string): string {
  return url.replace(/\/+$/, '')
}

function readEnvFile(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ''
    throw new ConfigError([`${path} cannot be read: ${(error as Error).message}.`])
  }
}
