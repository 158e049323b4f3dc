import type { IncomingMessage, ServerResponse } from 'node:http'
import { invalid } from '../platform/errors.js'
import type { RequestInfo } from '../platform/request.js'
import { type GraphqlOverHttp, toHeaderMap } from './apollo.server.js'
import type { ContextFactory } from './context.js'
import { discardBody, readJson } from './http.body.js'
import { headersOf } from './http.headers.js'
import { HttpError, send } from './http.reply.js'

const ANONYMOUS_BODY_BYTES = 1024 * 1024
const BODY_BYTES = 256 * 1024 * 1024
const METHODS = ['GET', 'POST']

/** `/graphql` over HTTP: who calls is known before the body is read, so that a stranger cannot send much. */
export class GraphqlEndpoint {
  constructor(
    private readonly graphql: GraphqlOverHttp,
    private readonly contexts: ContextFactory,
  ) {}

  async handle(request: IncomingMessage, response: ServerResponse, info: RequestInfo): Promise<void> {
    const method = request.method ?? ''
    if (method === 'OPTIONS') return send(response, 204, { allow: METHODS.join(', ') }, '')
    if (!METHODS.includes(method)) {
      response.setHeader('allow', METHODS.join(', '))
      throw new HttpError(405, invalid('Send GraphQL with POST, or a query with GET.', { method }))
    }
    const viewer = await this.contexts.identify(headersOf(request), info)
    const body =
      method === 'POST' ? await readJson(request, viewer ? BODY_BYTES : ANONYMOUS_BODY_BYTES) : undefined
    const start = request.url?.indexOf('?') ?? -1
    const reply = await this.graphql.run(
      {
        method,
        headers: toHeaderMap(request.headers),
        search: start < 0 ? '' : (request.url ?? '').slice(start),
        body,
      },
      this.contexts.create(viewer, info),
    )
    discardBody(request)
    send(
      response,
      reply.status ?? 200,
      reply.headers,
      reply.body.kind === 'complete' ? reply.body.string : '',
    )
  }
}
