import { parseArgs } from 'node:util'
import { loadConfig } from '../platform/config/config.js'
import { importFiles, measureFiles } from './import.js'
import { UsageError } from './import.organization.js'
import { describeSummary, isComplete } from './import.summary.js'
import { streamOutput } from './progress.bar.js'
import { connectServer, type StartServer } from './server.connection.js'

/** `npm run import`: exits with 0 if everything was imported, 1 if something was not, 2 for wrong arguments. */

const HELP = `Imports conversations into Heddle.

  npm run import -- FILE... [options]

FILE holds conversations as JSON lines {id?, title?, messages: [{role, content, createdAt?}]},
as a JSON array or {"conversations": [...]} of these, as ChatGPT's conversations.json, in
ShareGPT's format, or as the backup of a deleted thread; which one is recognised by its content.
Importing a file again imports only what is new in it.

  --space NAME          put the threads into this space too, created when it is missing; or its id
  --organization ID     organization to import into; left out, your personal one
  --url URL             GraphQL endpoint of a server; left out, the server of DATA_DIR, started when none runs
  --api-key KEY         API key for it; left out, BOOTSTRAP_API_KEY or the key in DATA_DIR
  --help                show this
`

const startServer: StartServer = async (config, options) => {
  const { startApp } = await import('../app.js')
  return startApp({ ...config, logLevel: 'error' }, options)
}

function parse() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        space: { type: 'string' },
        organization: { type: 'string' },
        url: { type: 'string' },
        'api-key': { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    })
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : 'The arguments cannot be read')
  }
}

async function main(): Promise<number> {
  const { values, positionals: files } = parse()
  if (values.help) {
    process.stdout.write(HELP)
    return 0
  }
  if (files.length === 0) throw new UsageError('Name at least one file to import')
  if (values.space?.trim() === '') throw new UsageError('--space needs a name')
  if (values.organization !== undefined && !values.organization.startsWith('org_')) {
    throw new UsageError("--organization takes an id, which starts with 'org_'")
  }
  // Before a server is started for them.
  await measureFiles(files)

  const interrupted = new AbortController()
  // Only the first Ctrl-C: a second one ends the process at once, as without a listener.
  process.once('SIGINT', () => interrupted.abort())
  const address = { url: values.url ?? null, apiKey: values['api-key'] ?? null }
  const connection = await connectServer(address, loadConfig(), startServer)
  try {
    const output = streamOutput(process.stdout)
    output.write(`Importing into ${connection.description}\n`)
    const request = {
      files,
      organizationId: values.organization ?? null,
      space: values.space?.trim() ?? null,
    }
    const summary = await importFiles(connection.client, request, output, interrupted.signal)
    output.write(`${describeSummary(summary)}\n`)
    return isComplete(summary) ? 0 : 1
  } finally {
    await connection.close()
  }
}

try {
  process.exitCode = await main()
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  if (error instanceof UsageError) process.stderr.write('See npm run import -- --help\n')
  process.exitCode = error instanceof UsageError ? 2 : 1
}
