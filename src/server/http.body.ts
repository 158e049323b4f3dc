import type { IncomingMessage } from 'node:http'
import { invalid } from '../platform/errors.js'
import { HttpError } from './http.reply.js'

/** Reads a request's body, and what becomes of one that nobody reads. */

const JSON_TYPE = /^\s*application\/(?:[\w.-]+\+)?json\s*(?:;|$)/i
// A client reads the reply only when it has sent what it was sending, so some of it is taken and dropped.
const MAX_DISCARDED_BYTES = 16 * 1024 * 1024

/** The JSON of the body; undefined when it is of another type. */
export async function readJson(request: IncomingMessage, limit: number): Promise<unknown> {
  if (!JSON_TYPE.test(request.headers['content-type'] ?? '')) return undefined
  if ((request.headers['content-encoding'] ?? 'identity') !== 'identity') {
    throw new HttpError(415, invalid('Invalid content-encoding. Send the body as it is.'))
  }
  const body = await readBody(request, limit)
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body))
  } catch {
    throw new HttpError(400, invalid('Invalid JSON in the body.'))
  }
}

async function readBody(request: IncomingMessage, limit: number): Promise<Buffer> {
  if (Number(request.headers['content-length'] ?? 0) > limit) throw tooLarge(limit)
  const chunks: Buffer[] = []
  let length = 0
  // Leaving the loop must not end the connection: the reply is still to come.
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    length += (chunk as Buffer).length
    if (length > limit) throw tooLarge(limit)
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

function tooLarge(limit: number): HttpError {
  const message = `The body is too large. At most ${limit.toLocaleString('en')} bytes are read of this caller.`
  return new HttpError(413, invalid(message, { limit }))
}
