import type { IncomingMessage } from 'node:http'
import { malformed } from '../../platform/errors.js'
import type { BodyRoom } from './body.budget.js'
import { requireShallow } from './json.nesting.js'

/** Reads a request's body, and what becomes of one that nobody reads. */

const JSON_TYPE = /^\s*application\/(?:[\w.-]+\+)?json\s*(?:;|$)/i
// A client reads the reply only when it has sent what it was sending, so some of it is taken and dropped.
const MAX_DISCARDED_BYTES = 16 * 1024 * 1024

export interface BodyLimits {
  bytes: number
  /** levels of JSON */
  depth: number
}

/** The JSON of the body. Throws VALIDATION_ERROR with status 400, 413 or 415, and SERVICE_UNAVAILABLE without room. */
export async function readJson(
  request: IncomingMessage,
  limits: BodyLimits,
  room: BodyRoom,
): Promise<unknown> {
  if (!JSON_TYPE.test(request.headers['content-type'] ?? '')) {
    throw malformed('Send JSON, with the content-type application/json.', {}, 415)
  }
  if ((request.headers['content-encoding'] ?? 'identity') !== 'identity') {
    throw malformed('Invalid content-encoding. Send the body as it is.', {}, 415)
  }
  return parseJson(await readBody(request, limits.bytes, room), limits.depth)
}

function parseJson(body: Buffer, maxDepth: number): unknown {
  const text = decode(body)
  // The parser works by recursion.
  requireShallow(text, maxDepth)
  try {
    return JSON.parse(text)
  } catch {
    throw malformed('Invalid JSON in the body.')
  }
}

function decode(body: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body)
  } catch {
    throw malformed('Invalid UTF-8 in the body.')
  }
}

async function readBody(request: IncomingMessage, limit: number, room: BodyRoom): Promise<Buffer> {
  if (Number(request.headers['content-length'] ?? 0) > limit) throw tooLarge(limit)
  const chunks: Buffer[] = []
  let length = 0
  // Leaving the loop must not end the connection: the reply is still to come.
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    length += (chunk as Buffer).length
    if (length > limit) throw tooLarge(limit)
    room.take((chunk as Buffer).length)
    chunks.push(chunk as Buffer)
  }
  return Buffer.concat(chunks, length)
}

/** Drops what is left of the body, within bounds, so that the connection can be used again. */
export function discardBody(request: IncomingMessage): void {
  if (request.complete || request.destroyed) return
  let left = MAX_DISCARDED_BYTES
  request.on('data', (chunk: Buffer) => {
    left -= chunk.length
    if (left < 0) request.destroy()
  })
  request.on('error', () => undefined)
}

function tooLarge(limit: number) {
  const message = `The body is too large. At most ${limit.toLocaleString('en')} bytes are read of this caller.`
  return malformed(message, { limit }, 413)
}
