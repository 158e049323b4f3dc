import { malformed } from '../../platform/errors.js'
import { isJsonObject } from '../../platform/json.value.js'

/** An operation as received by a transport; only its shape has been checked. */
export interface OperationRequest {
  /** null if only the document's id is given */
  readonly query: string | null
  /** of a document that the server knows: `documentId`, or Apollo's `extensions.persistedQuery.sha256Hash` */
  readonly documentId: string | null
  readonly operationName: string | null
  readonly variables: Readonly<Record<string, unknown>>
  readonly extensions: Readonly<Record<string, unknown>>
}

/** Throws VALIDATION_ERROR with status 400 for a malformed request. */
export function readOperationRequest(given: unknown): OperationRequest {
  if (Array.isArray(given))
    throw malformed('Batched operations are not supported. Send one operation per request.')
  if (!isJsonObject(given)) throw malformed('Invalid request. It must be a JSON object.')
  const extensions = readObject(given, 'extensions')
  const query = readText(given, 'query')
  const documentId = readText(given, 'documentId') ?? readHash(extensions)
  if (!query && documentId === null) throw malformed('Invalid query. It must be the text of a document.')
  return {
    query: query || null,
    documentId,
    operationName: readText(given, 'operationName'),
    variables: readObject(given, 'variables'),
    extensions,
  }
}

function readText(given: Record<string, unknown>, name: string): string | null {
  const value = given[name] ?? null
  if (value === null || typeof value === 'string') return value
  throw malformed(`Invalid ${name}. It must be a string.`)
}

function readObject(given: Record<string, unknown>, name: string): Record<string, unknown> {
  const value = given[name] ?? {}
  if (isJsonObject(value)) return value
  throw malformed(`Invalid ${name}. It must be a JSON object.`)
}

function readHash({ persistedQuery }: Record<string, unknown>): string | null {
  if (!isJsonObject(persistedQuery)) return null
  return readText(persistedQuery, 'sha256Hash')
}
