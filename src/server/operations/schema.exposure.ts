import { GraphQLError } from 'graphql'
import type { Viewer } from '../../features/access/viewer.js'
import type { Audience } from '../../platform/config/config.requests.js'
import { forbidden, unauthenticated } from '../../platform/errors.js'
import type { OperationDocument } from './operation.documents.js'
import { OperationRefusal } from './operation.refusal.js'

// graphql-js appends these suggestions to its messages.
const SUGGESTION = / Did you mean .*\?$/s

/** Who may learn the schema: through introspection, or through suggestions for wrong names. */
export class SchemaExposure {
  constructor(private readonly audiences: { introspection: Audience; suggestions: Audience }) {}

  /** Throws OperationRefusal for an introspection that the caller may not run. */
  require({ asksForSchema }: OperationDocument, viewer: Viewer | null): void {
    if (!asksForSchema || includes(this.audiences.introspection, viewer)) return
    throw OperationRefusal.for(
      viewer === null && this.audiences.introspection === 'signed-in'
        ? unauthenticated('Introspection needs a credential')
        : forbidden('Introspection is off', 'Introspection is disabled on this server.', {}),
    )
  }

  /** The same refusal without what this caller may not see. */
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
