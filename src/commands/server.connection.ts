import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Config } from '../platform/config/config.js'
import { readDataLock } from '../platform/database/data.lock.js'
import { GraphqlClient } from './graphql.client.js'
import { UsageError } from './import.organization.js'

/** A server that was started in this process. */
export interface RunningServer {
  /** its GraphQL endpoint */
  readonly url: string
  /** a key that was created at this start; null if there was one before */
  readonly apiKey: string | null
  stop(): Promise<void>
}

export type StartServer = (config: Config, options: { port: number }) => Promise<RunningServer>

export interface Connection {
  readonly client: GraphqlClient
  /** where it leads, for people */
  readonly description: string
  close(): Promise<void>
}

export interface ServerAddress {
  readonly url: string | null
  readonly apiKey: string | null
}

/**
 * Finds a server to use: the one that is named, or else the one that uses the data directory, or else one in this process.
 * The data directory's key is only ever sent to a server of that directory.
 */
export async function connectServer(
  address: ServerAddress,
  config: Config,
  start: StartServer,
): Promise<Connection> {
  const given = address.apiKey ?? config.bootstrapApiKey
  if (address.url !== null) {
    if (given === null) throw new UsageError('--url needs --api-key, or BOOTSTRAP_API_KEY in the environment')
    return connection(requireHttpUrl(address.url), given)
  }
  const running = config.databaseUrl === null ? readDataLock(config.dataDir) : null
  if (running?.url) return connection(running.url, given ?? requireStoredKey(config.dataDir))
  const server = await start(config, { port: 0 })
  const apiKey = given ?? server.apiKey ?? readStoredKey(config.dataDir)
  if (apiKey === null) {
    await server.stop()
    throw new UsageError('An API key is needed: --api-key, or BOOTSTRAP_API_KEY in the environment')
  }
  return {
    client: new GraphqlClient(server.url, apiKey),
    description: config.databaseUrl === null ? `the data directory ${config.dataDir}` : 'the database',
    close: () => server.stop(),
  }
}

/** The key that the first start stored in the data directory; null if there is none. */
export function readStoredKey(dataDir: string): string | null {
  try {
    return readFileSync(join(dataDir, 'api-key'), 'utf8').trim() || null
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw error
  }
}

function requireStoredKey(dataDir: string): string {
  const key = readStoredKey(dataDir)
  if (key === null) throw new UsageError(`${join(dataDir, 'api-key')} does not exist: use --api-key`)
  return key
}

function connection(url: string, apiKey: string): Connection {
  return { client: new GraphqlClient(url, apiKey), description: url, close: () => Promise.resolve() }
}

function requireHttpUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:') {
    throw new UsageError(`--url must be the GraphQL endpoint, like http://127.0.0.1:4000/graphql`)
  }
  return url.href
}
