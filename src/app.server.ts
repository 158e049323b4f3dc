import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createAppSchema } from './app.resolvers.js'
import type { Foundations, Services } from './app.services.js'
import type { StopSteps } from './app.stop.js'
import type { Logger } from './platform/log.js'
import { GraphqlOverHttp } from './server/apollo.server.js'
import { ContextFactory } from './server/context.js'
import { ErrorFormatter } from './server/error.format.js'
import { createGraphiqlHandler } from './server/graphiql.js'
import { GraphqlEndpoint } from './server/graphql.endpoint.js'
import { HealthEndpoint } from './server/health.endpoint.js'
import { type GraphqlFace, HttpServer } from './server/http.server.js'
import { WebsocketOperations } from './server/websocket.operations.js'
import { WebsocketServer } from './server/websocket.server.js'

// The page is built into dist, which stands beside the sources as well as around what was built from them.
const GRAPHIQL_DIRECTORY = join(import.meta.dirname, '../dist/graphiql')

/** Starts to listen: with GraphQL, unless this process is a worker. @returns the endpoint's URL */
export async function startServer(
  { config, db, bus }: Foundations,
  services: Services,
  port: number,
  logger: Logger,
  steps: StopSteps,
): Promise<string> {
  const errors = new ErrorFormatter(logger)
  const graphql = config.role === 'worker' ? null : await openGraphql(services, errors, logger, steps)
  const server = new HttpServer(new HealthEndpoint(db, bus), errors, graphql)
  steps.add(() => server.stop())
  return urlOf(await server.listen(port, config.host))
}

async function openGraphql(
  services: Services,
  errors: ErrorFormatter,
  logger: Logger,
  steps: StopSteps,
): Promise<GraphqlFace> {
  const schema = createAppSchema(services)
  const contexts = new ContextFactory(services.authenticator)
  const overHttp = new GraphqlOverHttp(schema, errors, logger)
  await overHttp.start()
  steps.add(() => overHttp.stop())
  return {
    endpoint: new GraphqlEndpoint(overHttp, contexts),
    graphiql: createGraphiqlHandler(GRAPHIQL_DIRECTORY),
    websocket: new WebsocketServer(new WebsocketOperations(schema, contexts, errors), logger),
  }
}

/** An address that a client on this machine can use, also when the server listens on every network. */
function urlOf({ address, family, port }: AddressInfo): string {
  const host = address === '0.0.0.0' ? '127.0.0.1' : address === '::' ? '::1' : address
  return `http://${family === 'IPv6' && host.includes(':') ? `[${host}]` : host}:${port}/graphql`
}
