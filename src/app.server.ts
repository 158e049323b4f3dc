import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createAppSchema } from './app.resolvers.js'
import type { Foundations, Services } from './app.services.js'
import type { StopSteps } from './app.stop.js'
import type { Logger } from './platform/log.js'
import { CallerIdentification } from './server/context.js'
import { ErrorFormatter } from './server/error.format.js'
import { BodyBudget } from './server/http/body.budget.js'
import { createGraphiqlHandler } from './server/http/graphiql.js'
import { GraphqlEndpoint } from './server/http/graphql.endpoint.js'
import { HealthEndpoint } from './server/http/health.endpoint.js'
import { HttpHardening } from './server/http/http.hardening.js'
import { type GraphqlFace, HttpServer } from './server/http/http.server.js'
import { Origins } from './server/http/origins.js'
import { RequestReader } from './server/http/request.reader.js'
import { SseEndpoint } from './server/http/sse.endpoint.js'
import { OperationDocuments } from './server/operations/operation.documents.js'
import { OperationPreparer } from './server/operations/operation.prepare.js'
import { OperationRunner } from './server/operations/operation.runner.js'
import { PointsLimiter } from './server/operations/points.limiter.js'
import { SchemaExposure } from './server/operations/schema.exposure.js'
import { TrustedDocuments } from './server/operations/trusted.documents.js'
import { Tally } from './server/tally.js'
import { WebsocketOperations } from './server/websocket/websocket.operations.js'
import { WebsocketServer } from './server/websocket/websocket.server.js'

// The page is built into dist, which is next to the sources as well as around the compiled code.
const GRAPHIQL_DIRECTORY = join(import.meta.dirname, '../dist/graphiql')

/** Starts to listen: with GraphQL, unless this process is a worker. @returns the endpoint's URL */
export async function startServer(
  foundations: Foundations,
  services: Services,
  port: number,
  logger: Logger,
  steps: StopSteps,
): Promise<string> {
  const { config, db, bus } = foundations
  const errors = new ErrorFormatter(logger)
  const graphql =
    config.role === 'worker' ? null : await openGraphql(foundations, services, errors, logger, steps)
  const hardening = new HttpHardening(config.web, config.requests.trustedProxies)
  const server = new HttpServer(hardening, new HealthEndpoint(db, bus), errors, graphql, config.requests)
  steps.add(() => server.stop())
  return urlOf(await server.listen(port, config.host))
}

async function openGraphql(
  { config: { redisUrl, requests, web, websocket }, bus }: Foundations,
  services: Services,
  errors: ErrorFormatter,
  logger: Logger,
  steps: StopSteps,
): Promise<GraphqlFace> {
  const schema = createAppSchema(services)
  const callers = new CallerIdentification(services.authenticator)
  const points = new PointsLimiter(requests.pointsPerMinute, redisUrl, logger)
  steps.add(() => points.close())
  const documents = new OperationDocuments(schema)
  const preparer = new OperationPreparer(schema, documents, new SchemaExposure(requests), points, {
    maxPoints: requests.maxOperationPoints,
    textBytes: requests.operationTextBytes,
    trusted: requests.trustedDocuments === null ? null : TrustedDocuments.load(requests.trustedDocuments),
  })
  const limits = { timeoutMs: requests.operationTimeoutMs, replyBytes: requests.replyBytes }
  const runner = new OperationRunner(schema, errors, limits, logger, services)
  await runner.start()
  steps.add(() => runner.stop())
  const bodies = new BodyBudget(requests.bodiesBytes)
  const reader = new RequestReader(preparer, callers, bodies, requests)
  const operations = new WebsocketOperations(preparer, runner, errors)
  const origins = new Origins(web.corsOrigins)
  const forSockets = { operations, callers, bodies, bus, origins, logger }
  return {
    endpoint: new GraphqlEndpoint(reader, runner, errors, requests.writeTimeoutMs),
    streams: new SseEndpoint(reader, runner, errors, new Tally(requests.streams), requests.writeTimeoutMs),
    graphiql: web.graphiql ? createGraphiqlHandler(GRAPHIQL_DIRECTORY) : null,
    websocket: new WebsocketServer(forSockets, websocket, requests),
  }
}

/** A URL that a client on this machine can use, even if the server listens on all interfaces. */
function urlOf({ address, family, port }: AddressInfo): string {
  const host = address === '0.0.0.0' ? '127.0.0.1' : address === '::' ? '::1' : address
  return `http://${family === 'IPv6' && host.includes(':') ? `[${host}]` : host}:${port}/graphql`
}
