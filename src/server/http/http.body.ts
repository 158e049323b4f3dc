import type { IncomingMessage } from 'node:http'
import { malformed } from '../../platform/errors.js'
import type { BodyRoom } from './body.budget.js'
import { requireShallow } from './json.nesting.js'

/** Reads request bodies, and discards those that are not needed. */

const JSON_TYPE = /^\s*application\/(?:[\w.-]+\+)?json\s*(?:;|$)/i
// Many clients read the reply only after sending their request, so part of the rest is read and discarded.
const MAX_DISCARDED_BYTES = 16 * 1024 * 1024

export interface BodyLimits {
  bytes: number
  /** nesting depth of JSON */
  depth: number
}

/** The parsed JSON body. Throws VALIDATION_ERROR with status 400, 413 or 415, and SERVICE_UNAVAILABLE without memory. */
export async function readJson(
  request: IncomingMessage,
  limits: BodyLimits,
  room: BodyRoom,
): Promise<unknown> {
  if (!JSON_TYPE.test(request.headers['content-type'] ?? '')) {
    throw malformed('Send JSON, with the content-type application/json.', {}, 415)
  }
  if ((request.headers['content-encoding'] ?? 'identity') !== 'identity') {
    throw malformed('Invalid content-encoding. Send the body uncompressed.', {}, 415)
  }
  return parseJson(await readBody(request, limits.bytes, room), limits.depth)
}

function parseJson(body: Buffer, maxDepth: number): unknown {
  const text = decode(body)
  // Checked first, because JSON.parse is recursive.
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
  // Leaving the loop must not close the connection: the reply has not been sent.
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    length += (chunk as Buffer).length
    if (length > limit) throw tooLarge(limit)
    room.take((chunk as Buffer).length)
    chunks.push(chunk as Buffer)
  }
  return Buffer.concat(chunks, length)
}

/** Discards the rest of the body, up to a limit, so that the connection can be reused. */
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
  const message = `The body is too large. The limit for this caller is ${limit.toLocaleString('en')} bytes.`
  return malformed(message, { limit }, 413)
}
