import { join } from 'node:path'
import closeWithGrace from 'close-with-grace'
import { type App, startApp } from './app.js'
import { type Config, ConfigError, loadConfig } from './platform/config.js'
import { DataDirectoryInUseError } from './platform/data.lock.js'
import { createLogger } from './platform/log.js'
import { MigrationError } from './platform/migrate.js'

/** `npm start`: runs Heddle until it is told to stop. */

// Longer than every part takes to stop.
const STOP_MS = 40_000
const EXPLAINED = [ConfigError, DataDirectoryInUseError, MigrationError]
const UNREACHABLE = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'ETIMEDOUT', 'EHOSTUNREACH'])

async function main(): Promise<void> {
  const config = loadConfig()
  const logger = createLogger(config.logLevel)
  const app = await startApp(config, { logger })
  closeWithGrace({ delay: STOP_MS, logger: false }, async ({ err }) => {
    if (err) logger.fatal({ err }, 'unexpected error; stopping')
    await app.stop()
  })
  process.stdout.write(`${announcement(app, config)}\n`)
}

function announcement({ url, apiKey, isNewApiKey }: App, config: Config): string {
  const address = url.replace(/\/\/(?:127\.0\.0\.1|\[::1\])(?=[:/])/, '//localhost')
  if (config.role === 'worker') {
    return `Heddle works at ${address.replace(/graphql$/, 'health/ready')} (PostgreSQL)`
  }
  if (config.databaseUrl !== null) return `Heddle is ready at ${address} (PostgreSQL)`
  const database = `embedded database in ${config.dataDir}`
  if (config.bootstrapApiKey !== null) return `Heddle is ready at ${address} (${database})`
  const kept = join(config.dataDir, 'api-key')
  const key = isNewApiKey ? `new API key ${apiKey}, kept in ${kept}` : `API key in ${kept}`
  return `Heddle is ready at ${address} (${database}; ${key})`
}

function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const code = 'code' in error ? String(error.code) : null
  if (code !== null && UNREACHABLE.has(code)) {
    return `The database cannot be reached (${code}). Is it running, and is DATABASE_URL right?`
  }
  const isExplained = code !== null || EXPLAINED.some((type) => error instanceof type)
  return isExplained ? error.message : (error.stack ?? error.message)
}

try {
  await main()
} catch (error) {
  process.stderr.write(`${explain(error)}\n`)
  process.exitCode = 1
}
