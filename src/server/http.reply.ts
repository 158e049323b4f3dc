import type { ServerResponse } from 'node:http'
import type { HeddleError } from '../platform/errors.js'

/** A request that HTTP itself refuses, with a status of its own: 400, 404, 405, 413 or 415. */
export class HttpError extends Error {
  constructor(
    readonly httpStatus: number,
    readonly error: HeddleError,
  ) {
    super(error.message)
    this.name = 'HttpError'
  }
}

export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  send(response, status, { 'content-type': 'application/json; charset=utf-8' }, JSON.stringify(body))
}

export function send(
  response: ServerResponse,
  status: number,
  headers: Iterable<[string, string]> | Record<string, string>,
  body: string,
): void {
  if (response.headersSent || response.destroyed) return
  for (const [name, value] of Symbol.iterator in headers ? headers : Object.entries(headers)) {
    response.setHeader(name, value)
  }
  // Replies are made for one caller.
  response.setHeader('cache-control', 'no-store')
  response.setHeader('content-length', Buffer.byteLength(body))
  response.writeHead(status)
  response.end(body)
}
