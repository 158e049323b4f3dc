import type { IncomingMessage } from 'node:http'
import type { HeaderSource } from '../../platform/request.js'

/** A request's headers by name; one that came several times counts with its first value. */
export function headersOf({ headers }: IncomingMessage): HeaderSource {
  return (name) => {
    const value = headers[name]
    return Array.isArray(value) ? value[0] : value
  }
}
