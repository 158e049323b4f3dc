import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { renderEnvExample, withConfigTable } from '../../src/platform/config/config.docs.js'
import { ConfigError, describeConfig, loadConfig, readEnvironment } from '../../src/platform/config/config.js'
import { problemsOf } from './config.fixture.js'

const KEY = 'k'.repeat(24)

describe('values', () => {
  test('nothing set gives the embedded database on port 4000 of this machine', () => {
    expect(loadConfig({})).toEqual({
      port: 4000,
      host: '127.0.0.1',
      web: { graphiql: true, corsOrigins: [] },
      websocket: expect.anything(),
      dataDir: '.heddle',
      databaseUrl: null,
      database: {
        directUrl: null,
        poolMode: 'session',
        poolSize: 20,
        statementTimeoutMs: 30_000,
        lockTimeoutMs: 4_000,
        connectTimeoutMs: 10_000,
        queueSize: 2_000,
        startWaitMs: 60_000,
      },
      redisUrl: null,
      role: 'all',
      jwtSecret: null,
      jwksUrl: null,
      jwtIssuer: null,
      jwtAudience: null,
      bootstrapApiKey: null,
      embedding: {
        provider: 'builtin',
        baseUrl: null,
        apiKey: null,
        model: null,
        dimensions: null,
        models: [],
      },
      sandbox: null,
      backup: { directory: '.heddle/backups', s3: null },
      threadRetentionDays: 30,
      vectorIndex: { minVectors: 50_000, memoryMb: 512 },
      auditRetentionDays: 0,
      retentionDays: { backfills: 30, deletions: 90, spaces: 30 },
      organizationThreadLimit: 1_000_000,
      organizationProjectLimit: 10_000,
      requests: expect.any(Object),
      environment: 'development',
      region: 'local',
      logLevel: 'info',
    })
  })

  test('an empty value counts as not set', () => {
    expect(loadConfig({ PORT: '', DATABASE_URL: '', JWT_SECRET: '' })).toEqual(loadConfig({}))
  })

  test('port 0 is allowed', () => {
    expect(loadConfig({ PORT: '0' }).port).toBe(0)
  })

  test('a service for embeddings needs no key, and its base address ends without a slash', () => {
    const { embedding } = loadConfig({
      EMBEDDING_PROVIDER: 'openai',
      EMBEDDING_BASE_URL: 'http://localhost:8080/v1/',
      EMBEDDING_DIMENSIONS: '384',
    })
    expect(embedding).toEqual({
      provider: 'openai',
      baseUrl: 'http://localhost:8080/v1',
      apiKey: null,
      model: null,
      dimensions: 384,
      models: [],
    })
    expect(loadConfig({ EMBEDDING_PROVIDER: 'openai' }).embedding.baseUrl).toBe('https://api.openai.com/v1')
  })

  test('further models of the service are listed with their dimensions, whatever makes the vectors of new spaces', () => {
    const EMBEDDING_MODELS = 'text-embedding-3-small:1536, bge-m3:latest:1024,bge-m3:latest:512'
    const models = [
      { model: 'text-embedding-3-small', dimensions: 1536 },
      { model: 'bge-m3:latest', dimensions: 1024 },
      { model: 'bge-m3:latest', dimensions: 512 },
    ]
    expect(loadConfig({ EMBEDDING_MODELS, EMBEDDING_PROVIDER: 'openai' }).embedding.models).toEqual(models)
    expect(
      loadConfig({ EMBEDDING_MODELS, EMBEDDING_API_KEY: 'key', EMBEDDING_MODEL: 'unused' }).embedding,
    ).toEqual({
      provider: 'builtin',
      baseUrl: 'https://api.openai.com/v1',
      apiKey: 'key',
      model: null,
      dimensions: null,
      models,
    })
  })

  test('a sandbox service has its address and its key', () => {
    expect(loadConfig({ SANDBOX_API_URL: 'https://sandbox.test/', SANDBOX_API_KEY: 'key' }).sandbox).toEqual({
      url: 'https://sandbox.test',
      apiKey: 'key',
    })
  })
})

describe('refusals', () => {
  test.each([
    ['PORT', 'http', 'PORT is "http"; accepted: a whole number from 0 to 65,535.'],
    ['PORT', '65536', 'PORT is "65536"; accepted: a whole number from 0 to 65,535.'],
    ['PORT', '0x10', 'PORT is "0x10"; accepted: a whole number from 0 to 65,535.'],
    ['HOST', 'two words', 'HOST is "two words"; accepted: a host name or an IP address.'],
    ['LOG_LEVEL', 'loud', 'LOG_LEVEL is "loud"; accepted: trace, debug, info, warn, error, fatal or silent.'],
    ['REDIS_URL', 'http://h:1', 'REDIS_URL is "http://h:1/…"; accepted: redis://… or rediss://….'],
    ['JWT_SECRET', 'short', 'JWT_SECRET is hidden (5 characters); accepted: at least 32 characters.'],
    ['THREAD_RETENTION_DAYS', '0', 'THREAD_RETENTION_DAYS is "0"; accepted: a whole number from 1 to 3,650.'],
  ])('%s=%s is refused with what was given and what is accepted', (name, value, problem) => {
    expect(problemsOf({ [name]: value })).toEqual([problem])
  })

  test.each([
    'text-embedding-3-small',
    ':1536',
    'small:',
    'small:0',
    'small:4001',
    'small:1e3',
    'small:1536,',
    'small:1536, small:1536',
  ])('further models are refused unless each has its dimensions, once: %s', (EMBEDDING_MODELS) => {
    expect(problemsOf({ EMBEDDING_MODELS })).toEqual([
      expect.stringMatching(/^EMBEDDING_MODELS is .*; accepted: model:dimensions, comma-separated/),
    ])
  })

  test('one message lists every problem, of single variables and of their combination', () => {
    const problems = problemsOf({
      PORT: '-1',
      LOG_LEVEL: 'loud',
      SANDBOX_API_KEY: 'key',
      HEDDLE_ROLE: 'worker',
    })
    expect(problems.map((problem) => problem.split(' ')[0])).toEqual([
      'PORT',
      'LOG_LEVEL',
      'HEDDLE_ROLE',
      'SANDBOX_API_KEY',
    ])
    expect(new ConfigError(problems).message).toBe(
      `The configuration is invalid:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`,
    )
  })

  test.each(['api', 'worker'])('the role %s needs what processes share', (role) => {
    expect(problemsOf({ HEDDLE_ROLE: role, REDIS_URL: 'redis://localhost' })).toEqual([
      `HEDDLE_ROLE is "${role}", which shares its work with other processes: set DATABASE_URL too.`,
    ])
    expect(problemsOf({ HEDDLE_ROLE: role })).toEqual([
      `HEDDLE_ROLE is "${role}", which shares its work with other processes: set DATABASE_URL and REDIS_URL too.`,
    ])
  })
})

describe('secrets', () => {
  test.each(describeConfig().filter(({ secret }) => secret))('a refused $name is not shown', ({ name }) => {
    const value = `tell no one\u0007${name}`.slice(0, 20)
    expect(problemsOf({ [name]: value }).join('\n')).not.toContain('tell')
  })

  test.each([
    'mysql://user:hunter2@host/db',
    'postgres//user:hunter2@host/db',
    'user:hunter2@host/db',
    'mysql://user:7/hunter2@host/db',
    'mysql://user:7?hunter2@host/db',
    'mysql://host/db?password=hunter2',
    'hunter2',
  ])('a password is not shown, however the address is broken: %s', (value) => {
    for (const name of ['DATABASE_URL', 'REDIS_URL', 'JWKS_URL']) {
      const [problem] = problemsOf({ [name]: value, BOOTSTRAP_API_KEY: KEY })
      expect(problem).toContain(`${name} is `)
      expect(problem).not.toContain('hunter')
    }
  })

  test('an address given to the wrong variable does not show its password', () => {
    expect(problemsOf({ PORT: 'postgres://user:hunter2@host/db' })).toEqual([
      'PORT is "postgres://host/…"; accepted: a whole number from 0 to 65,535.',
    ])
  })
})

describe('the .env file', () => {
  let directory: string
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'heddle-config-'))
  })
  afterEach(() => rmSync(directory, { recursive: true }))

  test('the process wins over the file, even with an empty value', () => {
    writeFileSync(join(directory, '.env'), 'PORT=5000\n# a comment\nREGION="eu west"\nENVIRONMENT=staging\n')
    const { port, region, environment } = loadConfig(
      readEnvironment(directory, { PORT: '6000', ENVIRONMENT: '' }),
    )
    expect({ port, region, environment }).toEqual({
      port: 6000,
      region: 'eu west',
      environment: 'development',
    })
  })

  test('no file is no problem, and one that cannot be read is', () => {
    expect(readEnvironment(directory, { PORT: '1' })).toEqual({ PORT: '1' })
    expect(() => readEnvironment(join(directory, '.env\0'), {})).toThrow(ConfigError)
  })
})

describe('the documentation', () => {
  const read = (name: string) => readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8')

  test('.env.example is what the schema says (npm run env-example writes it)', () => {
    expect(read('.env.example')).toBe(renderEnvExample())
  })

  test("the README's table is what the schema says (npm run env-example writes it)", () => {
    const page = read('README.md')
    expect(page).toBe(withConfigTable(page))
  })

  test('.env.example with every line in effect is the default configuration', () => {
    const lines = renderEnvExample().replaceAll(/^#(?=[A-Z_]+=)/gm, '')
    const directory = mkdtempSync(join(tmpdir(), 'heddle-config-'))
    writeFileSync(join(directory, '.env'), lines)
    expect(loadConfig(readEnvironment(directory, {}))).toEqual(loadConfig({}))
    rmSync(directory, { recursive: true })
  })
})
