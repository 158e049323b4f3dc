import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { type Config, loadConfig, readEnvironment } from '../platform/config/config.js'
import { GraphqlClient } from './graphql.client.js'
import { streamOutput } from './progress.bar.js'
import { Tour, TourError } from './quickstart.tour.js'
import { type RunningServer, readStoredKey } from './server.connection.js'

/** `npm run quickstart [-- --exit]`: an embedded server, a tour of it, and then the server to try out. */

const SAMPLES = fileURLToPath(new URL('../../assets/sample-conversations.jsonl', import.meta.url))
const LOG_MESSAGES = 20_000

// The quickstart shows what works without any external service, regardless of the environment.
function quickstartConfig(overrides: Record<string, string>): Config {
  return loadConfig({
    ...readEnvironment(),
    DATABASE_URL: undefined,
    REDIS_URL: undefined,
    HEDDLE_ROLE: undefined,
    EMBEDDING_PROVIDER: undefined,
    LOG_LEVEL: 'error',
    ...overrides,
  })
}

async function start(config: Config): Promise<RunningServer> {
  const { startApp } = await import('../app.js')
  try {
    return await startApp(config, { port: config.port })
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')) throw error
    throw new Error(
      `Port ${config.port} is already in use. Stop the process that uses it, or choose another port: PORT=${config.port + 100} npm run quickstart`,
      { cause: error },
    )
  }
}

async function show(config: Config, exit: boolean, signal: AbortSignal): Promise<void> {
  const output = streamOutput(process.stdout)
  const startedAt = Date.now()
  output.write(`Starting the embedded server in ${config.dataDir}\n`)
  const server = await start(config)
  try {
    output.write(`      ${((Date.now() - startedAt) / 1000).toFixed(1)} s\n`)
    const apiKey = config.bootstrapApiKey ?? server.apiKey ?? readStoredKey(config.dataDir)
    if (apiKey === null) throw new Error(`${join(config.dataDir, 'api-key')} is gone: set BOOTSTRAP_API_KEY`)
    const client = new GraphqlClient(server.url, apiKey)
    await new Tour(client, output, { samples: SAMPLES, logMessages: LOG_MESSAGES }, signal).run()
    if (exit || signal.aborted) return
    output.write(`\n${invitation(server.url, apiKey)}\n`)
    await once(signal, 'abort')
  } finally {
    output.write('\nStopping\n')
    await server.stop()
  }
}

function invitation(url: string, apiKey: string): string {
  const { port } = new URL(url)
  return [
    'Heddle is running. Try it in GraphiQL:',
    `  http://localhost:${port}/graphql#apiKey=${encodeURIComponent(apiKey)}`,
    `API key (header X-API-Key): ${apiKey}`,
    'Ctrl-C stops',
  ].join('\n')
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { exit: { type: 'boolean', default: false } } })
  const interrupted = new AbortController()
  // Only the first Ctrl-C: a second one ends the process at once.
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => interrupted.abort())
  if (!values.exit) return show(quickstartConfig({}), false, interrupted.signal)

  const directory = await mkdtemp(join(tmpdir(), 'heddle-quickstart-'))
  try {
    const port = readEnvironment().PORT || '0'
    await show(quickstartConfig({ DATA_DIR: directory, PORT: port }), true, interrupted.signal)
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

try {
  await main()
} catch (error) {
  process.stderr.write(`\n${error instanceof Error ? error.message : String(error)}\n`)
  if (error instanceof TourError) {
    process.stderr.write(
      'Run npm run quickstart again; it continues with what is there. To start from scratch, remove the\n',
    )
    process.stderr.write('data directory (.heddle unless DATA_DIR names another).\n')
  }
  process.exitCode = 1
}
