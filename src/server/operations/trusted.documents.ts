import { readFileSync } from 'node:fs'
import { stripIgnoredCharacters } from 'graphql'
import { z } from 'zod'
import { ConfigError } from '../../platform/config.js'
import { forbidden } from '../../platform/errors.js'
import { OperationRefusal } from './operation.refusal.js'
import type { OperationRequest } from './operation.request.js'

/** What code generators write: Apollo's manifest of operations, or the texts by their ids (Relay, GraphQL Code Generator). */
const MANIFEST = z.union([
  z.object({ operations: z.array(z.object({ id: z.string(), body: z.string() })) }),
  z.record(z.string(), z.string()),
])

/** The documents of one's own clients: with them, no other document runs. */
export class TrustedDocuments {
  readonly #texts: ReadonlySet<string>

  constructor(private readonly textById: ReadonlyMap<string, string>) {
    this.#texts = new Set([...textById.values()].map(normalized))
  }

  /** Throws ConfigError when the file is no manifest. */
  static load(path: string): TrustedDocuments {
    try {
      const manifest = MANIFEST.parse(JSON.parse(readFileSync(path, 'utf8')))
      return new TrustedDocuments(new Map(entriesOf(manifest)))
    } catch (error) {
      const cause = error instanceof z.ZodError ? 'it is no manifest of documents' : (error as Error).message
      throw new ConfigError([`TRUSTED_DOCUMENTS is ${JSON.stringify(path)}, which cannot be used: ${cause}.`])
    }
  }

  /** The text of a document that is sent by its id or whole. Throws OperationRefusal for another. */
  require({ documentId, query }: OperationRequest): string {
    const known = documentId === null ? undefined : this.textById.get(documentId.replace(/^sha256:/, ''))
    if (known !== undefined) return known
    if (query !== null && this.#texts.has(normalized(query))) return query
    throw OperationRefusal.for(
      forbidden('Document not trusted', 'This server runs the documents of its own clients only.', {}),
    )
  }
}

function entriesOf(manifest: z.infer<typeof MANIFEST>): [string, string][] {
  if (!Array.isArray(manifest.operations)) return Object.entries(manifest as Record<string, string>)
  return manifest.operations.map(({ id, body }) => [id, body])
}

/** Clients print one document in different ways. */
function normalized(text: string): string {
  try {
    return stripIgnoredCharacters(text)
  } catch {
    return text
  }
}
