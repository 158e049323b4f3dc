import {
  type DocumentNode,
  GraphQLError,
  type GraphQLSchema,
  parse,
  specifiedRules,
  validate,
  visit,
} from 'graphql'
import { LRUCache } from 'lru-cache'
import { limitSize, limitText } from './operation.limits.js'
import { OperationRefusal } from './operation.refusal.js'
import { requireUnconditionalRoot } from './subscription.rule.js'

// Ordered: one of GraphQL's own rules throws on documents that the first of these rejects.
const RULES = [[requireUnconditionalRoot], specifiedRules]
// A cache entry takes a few hundred bytes per token.
const MAX_KEPT_TOKENS = 100_000

/** A valid document. */
export interface OperationDocument {
  readonly node: DocumentNode
  /** contains `__schema` or `__type` */
  readonly asksForSchema: boolean
  /** costs of its operations, by name and by the variables that the cost depends on */
  readonly costs: LRUCache<string, number>
  readonly tokens: number
}

/** Parses and validates documents, with a cache of the most recently used ones. */
export class OperationDocuments {
  readonly #kept = new LRUCache<string, OperationDocument>({
    maxSize: MAX_KEPT_TOKENS,
    sizeCalculation: ({ tokens }) => tokens,
  })

  constructor(private readonly schema: GraphQLSchema) {}

  /** Throws OperationRefusal. */
  read(query: string): OperationDocument {
    const known = this.#kept.get(query)
    if (known) return known
    const document = this.#read(query)
    this.#kept.set(query, document)
    return document
  }

  #read(query: string): OperationDocument {
    let tokens: number
    let node: DocumentNode
    try {
      tokens = limitText(query)
      node = parse(query)
      limitSize(node)
    } catch (error) {
      if (error instanceof GraphQLError) throw new OperationRefusal([error])
      throw error
    }
    for (const rules of RULES) {
      const errors = validate(this.schema, node, rules, { maxErrors: OperationRefusal.maxErrors })
      if (errors.length > 0) throw new OperationRefusal(errors)
    }
    return {
      node,
      asksForSchema: asksForSchema(node),
      costs: new LRUCache({ max: 20 }),
      tokens: Math.max(1, tokens),
    }
  }
}

function asksForSchema(document: DocumentNode): boolean {
  let asks = false
  visit(document, {
    Field({ name }) {
      asks ||= name.value === '__schema' || name.value === '__type'
    },
  })
  return asks
}
