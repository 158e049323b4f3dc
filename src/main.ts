import { join } from 'node:path'
import closeWithGrace from 'close-with-grace'
import { type App, startApp } from './app.js'
import { type Config, ConfigError, loadConfig } from './platform/config/config.js'
import { DataDirectoryInUseError } from './platform/database/data.lock.js'
import { isAway } from './platform/database/database.errors.js'
import { MigrationError } from './platform/database/migrate.js'
import { SharedSessionsError } from './platform/database/pool.sessions.js'
import { createLogger } from './platform/log.js'

/** `npm start`: runs Heddle until it receives a signal to stop. */

// Longer than every part takes to stop, and shorter than the 30 s that orchestrators give.
const STOP_MS = 25_000
const EXPLAINED = [ConfigError, DataDirectoryInUseError, MigrationError, SharedSessionsError]

async function main(): Promise<void> {
  const config = loadConfig()
  const logger = createLogger(config.logLevel)
  const stopping = new AbortController()
  const starting = startApp(config, { logger, signal: stopping.signal })
  const grace = closeWithGrace({ delay: STOP_MS, logger: false }, async ({ err }) => {
    if (err) logger.fatal({ err }, 'unexpected error; stopping')
    stopping.abort()
    // A start that does not come to its end stops what it has started.
    const app = await starting.catch(() => null)
    await app?.stop()
  })
  try {
    process.stdout.write(`${announcement(await starting, config)}\n`)
  } catch (error) {
    if (stopping.signal.aborted) return
    grace.uninstall()
    throw error
  }
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
  if (isAway(error)) {
    return `The database cannot be reached (${code ?? error.message}). Is it running, and is DATABASE_URL right?`
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
