import { readFileSync } from 'node:fs'
import { stripIgnoredCharacters } from 'graphql'
import { z } from 'zod'
import { ConfigError } from '../../platform/config/config.js'
import { forbidden } from '../../platform/errors.js'
import { OperationRefusal } from './operation.refusal.js'
import type { OperationRequest } from './operation.request.js'

/** Output of code generators: Apollo's operation manifest, or documents by id (Relay, GraphQL Code Generator). */
const MANIFEST = z.union([
  z.object({ operations: z.array(z.object({ id: z.string(), body: z.string() })) }),
  z.record(z.string(), z.string()),
])

/** The documents of trusted clients: if configured, no other document runs. */
export class TrustedDocuments {
  readonly #texts: ReadonlySet<string>

  constructor(private readonly textById: ReadonlyMap<string, string>) {
    this.#texts = new Set([...textById.values()].map(normalized))
  }

  /** Throws ConfigError if the file is not a manifest. */
  static load(path: string): TrustedDocuments {
    try {
      const manifest = MANIFEST.parse(JSON.parse(readFileSync(path, 'utf8')))
      return new TrustedDocuments(new Map(entriesOf(manifest)))
    } catch (error) {
      const cause =
        error instanceof z.ZodError ? 'it is not a manifest of documents' : (error as Error).message
      throw new ConfigError([`TRUSTED_DOCUMENTS is ${JSON.stringify(path)}, which cannot be used: ${cause}.`])
    }
  }

  /** The text of a document that was sent by id or in full. Throws OperationRefusal for any other. */
  require({ documentId, query }: OperationRequest): string {
    const known = documentId === null ? undefined : this.textById.get(documentId.replace(/^sha256:/, ''))
    if (known !== undefined) return known
    if (query !== null && this.#texts.has(normalized(query))) return query
    throw OperationRefusal.for(
      forbidden('Document not trusted', 'This server only runs trusted documents.', {}),
    )
  }
}

function entriesOf(manifest: z.infer<typeof MANIFEST>): [string, string][] {
  if (!Array.isArray(manifest.operations)) return Object.entries(manifest as Record<string, string>)
  return manifest.operations.map(({ id, body }) => [id, body])
}

/** Normalized, because clients print the same document differently. */
function normalized(text: string): string {
  try {
    return stripIgnoredCharacters(text)
  } catch {
    return text
  }
}
