import type { IncomingMessage, ServerResponse } from 'node:http'
import type { RequestInfo } from '../../platform/request.js'
import type { EnvelopedError, ErrorFormatter } from '../error.format.js'
import { discardBody } from './http.body.js'
import { sendJson } from './http.reply.js'

/** What a request that failed is answered with. */

/** null when the client is gone: there is nobody to answer, and nothing is wrong here. */
export function formatFailure(
  thrown: unknown,
  request: IncomingMessage,
  errors: ErrorFormatter,
  info: RequestInfo,
): EnvelopedError[] | null {
  if (request.destroyed && !request.complete) return null
  discardBody(request)
  return errors.formatAll(thrown, info)
}

/** @param toHttpStatus of the status of the first error */
export function sendFailure(
  response: ServerResponse,
  errors: readonly EnvelopedError[],
  toHttpStatus: (status: number) => number = (status) => status,
  type?: string,
): void {
  const { status, retryAfter } = errors[0]?.extensions ?? { status: 500 }
  if (retryAfter !== undefined) response.setHeader('retry-after', retryAfter)
  sendJson(response, toHttpStatus(status), { errors }, type)
}
