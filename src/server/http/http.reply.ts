import type { ServerResponse } from 'node:http'
import type { PointsLeft } from '../operations/points.limiter.js'

export function sendJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  type = 'application/json',
): void {
  send(response, status, { 'content-type': `${type}; charset=utf-8` }, JSON.stringify(body))
}

export function send(
  response: ServerResponse,
  status: number,
  headers: Record<string, string>,
  body: string,
): void {
  if (response.headersSent || response.destroyed) return
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
  // Replies are specific to one caller.
  response.setHeader('cache-control', 'no-store')
  response.setHeader('content-length', Buffer.byteLength(body))
  response.writeHead(status)
  response.end(body)
}

/** Closes the connection of a client that has not read its reply in time, counted from when the reply is ready. */
export function limitWriting(response: ServerResponse, timeoutMs: number): void {
  response.once('prefinish', () => {
    const timer = setTimeout(() => response.destroy(), timeoutMs)
    response.once('close', () => clearTimeout(timer))
  })
}

/** Source: RateLimit header fields for HTTP. */
export function setPointsLeft(
  response: ServerResponse,
  { limit, remaining, resetSeconds }: PointsLeft,
): void {
  response.setHeader('ratelimit-limit', limit)
  response.setHeader('ratelimit-remaining', remaining)
  response.setHeader('ratelimit-reset', resetSeconds)
}
