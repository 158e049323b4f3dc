import { GraphQLError } from 'graphql'
import type { Viewer } from '../../features/access/viewer.js'
import type { Audience } from '../../platform/config.requests.js'
import { forbidden, unauthenticated } from '../../platform/errors.js'
import type { OperationDocument } from './operation.documents.js'
import { OperationRefusal } from './operation.refusal.js'

// graphql-js ends its messages with them.
const SUGGESTION = / Did you mean .*\?$/s

/** Who may learn the schema: by asking for it, or by guessing names and being told better ones. */
export class SchemaExposure {
  constructor(private readonly audiences: { introspection: Audience; suggestions: Audience }) {}

  /** Throws OperationRefusal for a document that asks for the schema when the caller may not. */
  require({ asksForSchema }: OperationDocument, viewer: Viewer | null): void {
    if (!asksForSchema || includes(this.audiences.introspection, viewer)) return
    throw OperationRefusal.for(
      viewer === null && this.audiences.introspection === 'signed-in'
        ? unauthenticated('Introspection needs a credential')
        : forbidden('Introspection is off', 'This server does not tell its schema.', {}),
    )
  }

  /** The same refusal as this caller may see it. */
  shown(refusal: OperationRefusal, viewer: Viewer | null): OperationRefusal {
    return includes(this.audiences.suggestions, viewer)
      ? refusal
      : new OperationRefusal(refusal.errors.map(withoutSuggestion))
  }
}

function includes(audience: Audience, viewer: Viewer | null): boolean {
  return audience === 'everyone' || (audience === 'signed-in' && viewer !== null)
}

function withoutSuggestion(error: GraphQLError): GraphQLError {
  const { message, nodes, source, positions, originalError } = error
  if (!SUGGESTION.test(message)) return error
  return new GraphQLError(message.replace(SUGGESTION, ''), { nodes, source, positions, originalError })
}
