import type { IncomingMessage } from 'node:http'
import type { HeaderSource } from '../../platform/request.js'

/** Reads a request's headers by name; of a repeated header, the first value. */
export function headersOf({ headers }: IncomingMessage): HeaderSource {
  return (name) => {
    const value = headers[name]
    return Array.isArray(value) ? value[0] : value
  }
}
