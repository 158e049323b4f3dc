import type { IncomingMessage, ServerResponse } from 'node:http'
import type { FormattedExecutionResult } from 'graphql'
import type { RequestInfo } from '../../platform/request.js'
import type { EnvelopedError, ErrorFormatter } from '../error.format.js'
import { OperationRefusal } from '../operations/operation.refusal.js'
import type { OperationRunner } from '../operations/operation.runner.js'
import { negotiateReplyType, type ReplyType } from './http.accept.js'
import { formatFailure, sendFailure } from './http.failure.js'
import { allowMethods, GRAPHQL_RULES, httpStatusOf } from './http.operation.js'
import { limitWriting, sendJson, setPointsLeft } from './http.reply.js'
import type { RequestReader } from './request.reader.js'

/** `/graphql` over HTTP. Source: GraphQL over HTTP. */
export class GraphqlEndpoint {
  constructor(
    private readonly reader: RequestReader,
    private readonly runner: OperationRunner,
    private readonly errors: ErrorFormatter,
    private readonly writeTimeoutMs: number,
  ) {}

  async handle(request: IncomingMessage, response: ServerResponse, info: RequestInfo): Promise<void> {
    if (allowMethods(request, response)) return
    const type = negotiateReplyType(request)
    limitWriting(response, this.writeTimeoutMs)
    try {
      const operation = await this.reader.prepare(request, response, info, GRAPHQL_RULES)
      setPointsLeft(response, operation.pointsLeft)
      reply(response, await this.runner.run(operation), type)
    } catch (thrown) {
      const errors = formatFailure(thrown, request, this.errors, info)
      if (!errors) return
      if (errors[0]?.extensions.status === 405) response.setHeader('allow', 'POST')
      const isRead = thrown instanceof OperationRefusal && type === 'application/json'
      sendFailure(response, errors, (status) => (isRead ? 200 : httpStatusOf(status, type)), type)
    }
  }
}

function reply(response: ServerResponse, result: FormattedExecutionResult, type: ReplyType): void {
  const errors = (result.errors ?? []) as EnvelopedError[]
  const waits = errors.flatMap(({ extensions }) => extensions.retryAfter ?? [])
  const status = errors[0]?.extensions.status ?? 500
  if (waits.length > 0) response.setHeader('retry-after', Math.max(...waits))
  if (result.data === undefined) sendJson(response, httpStatusOf(status, type), result, type)
  else if (isNothingDone(result, waits.length)) sendNothingDone(response, status, result, type)
  else sendJson(response, 200, result, type)
}

/** A partial result is a success; only an operation that did nothing may be retried as a whole. */
function isNothingDone({ data, errors = [] }: FormattedExecutionResult, waits: number): boolean {
  return (
    errors.length > 0 && waits === errors.length && Object.values(data ?? {}).every((field) => field === null)
  )
}

/** GraphQL over HTTP requires status 200 for a reply with data as application/json. */
function sendNothingDone(
  response: ServerResponse,
  status: number,
  { data, ...refused }: FormattedExecutionResult,
  type: ReplyType,
): void {
  sendJson(response, status, type === 'application/json' ? { ...refused, data } : refused, type)
}
