import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  GraphQLError,
  Kind,
  Lexer,
  type SelectionNode,
  type SelectionSetNode,
  Source,
  TokenKind,
} from 'graphql'

/**
 * Limits the size of a document. It is measured before validation, with fragments expanded, because validation compares
 * all fields of one response name, and all fragments, with each other.
 */

export const MAX_TOKENS = 10_000
const MAX_NESTING = 200
const MAX_DEPTH = 12
const MAX_INTROSPECTION_DEPTH = 20
const MAX_FIELDS = 1_000
const MAX_SELECTIONS = 3_000
const MAX_ALIASES = 100
const MAX_DIRECTIVES = 200
const MAX_FRAGMENTS = 200
const MAX_COMPARISONS = 20_000

const OPENING = new Set<TokenKind>([TokenKind.BRACE_L, TokenKind.BRACKET_L, TokenKind.PAREN_L])
const CLOSING = new Set<TokenKind>([TokenKind.BRACE_R, TokenKind.BRACKET_R, TokenKind.PAREN_R])

/** Throws a GraphQLError for a text that is too large or too deep for the recursive parser. @returns its tokens */
export function limitText(query: string): number {
  const source = new Source(query)
  const lexer = new Lexer(source)
  let tokens = 0
  let nesting = 0
  while (lexer.advance().kind !== TokenKind.EOF) {
    const { kind, start } = lexer.token
    tokens += 1
    if (OPENING.has(kind)) nesting += 1
    else if (CLOSING.has(kind)) nesting -= 1
    const problem =
      tokens > MAX_TOKENS
        ? `The document has more than ${count(MAX_TOKENS)} tokens.`
        : nesting > MAX_NESTING
          ? `The document is nested more than ${MAX_NESTING} levels deep.`
          : null
    if (problem !== null) throw new GraphQLError(problem, { source, positions: [start] })
  }
  return tokens
}

/** Throws a GraphQLError for a document that selects too much. */
export function limitSize(document: DocumentNode): void {
  const fragments = new Map<string, FragmentDefinitionNode>()
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition)
  }
  if (fragments.size > MAX_FRAGMENTS) refuse(`The document has more than ${MAX_FRAGMENTS} fragments.`)
  const size = new SizeCount(fragments)
  for (const definition of document.definitions) {
    if (definition.kind === Kind.OPERATION_DEFINITION || definition.kind === Kind.FRAGMENT_DEFINITION) {
      const isIntrospection =
        'typeCondition' in definition && definition.typeCondition.name.value.startsWith('__')
      size.addDirectives(definition.directives?.length)
      size.addLevel([definition.selectionSet], 1, isIntrospection)
    }
  }
}

/** Fields with one response name in one place count as their merged selection sets. */
class SizeCount {
  #fields = 0
  #selections = 0
  #aliases = 0
  #directives = 0
  #comparisons = 0

  constructor(private readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>) {}

  addDirectives(directives = 0): void {
    this.#directives += directives
    if (this.#directives > MAX_DIRECTIVES) refuse(`The document has more than ${MAX_DIRECTIVES} directives.`)
  }

  addLevel(selectionSets: readonly SelectionSetNode[], depth: number, isIntrospection: boolean): void {
    const fields = new Map<string, FieldNode[]>()
    for (const { selections } of selectionSets) this.#collect(selections, fields, new Set())
    const limit = isIntrospection ? MAX_INTROSPECTION_DEPTH : MAX_DEPTH
    if (fields.size > 0 && depth > limit) refuse(`The operation is nested more than ${limit} levels deep.`)
    for (const nodes of fields.values()) {
      this.#comparisons += nodes.length * (nodes.length - 1)
      if (this.#comparisons > MAX_COMPARISONS) refuse('The document selects the same fields too often.')
      const inner = nodes.flatMap(({ selectionSet }) => selectionSet ?? [])
      const name = nodes[0]?.name.value ?? ''
      if (inner.length > 0) this.addLevel(inner, depth + 1, isIntrospection || name.startsWith('__'))
    }
  }

  #collect(
    selections: readonly SelectionNode[],
    fields: Map<string, FieldNode[]>,
    active: Set<string>,
  ): void {
    for (const selection of selections) {
      this.#selections += 1
      if (this.#selections > MAX_SELECTIONS)
        refuse(`The document selects more than ${count(MAX_FIELDS)} fields.`)
      this.addDirectives(selection.directives?.length)
      if (selection.kind === Kind.FIELD) this.#addField(selection, fields)
      else if (selection.kind === Kind.INLINE_FRAGMENT) {
        this.#collect(selection.selectionSet.selections, fields, active)
      } else this.#collectFragment(selection.name.value, fields, active)
    }
  }

  #addField(field: FieldNode, fields: Map<string, FieldNode[]>): void {
    this.#fields += 1
    if (this.#fields > MAX_FIELDS) refuse(`The document selects more than ${count(MAX_FIELDS)} fields.`)
    if (field.alias) this.#aliases += 1
    if (this.#aliases > MAX_ALIASES) refuse(`The document has more than ${MAX_ALIASES} aliases.`)
    const name = (field.alias ?? field.name).value
    const same = fields.get(name)
    if (same) same.push(field)
    else fields.set(name, [field])
  }

  // Validation rejects recursive fragments: here the recursion only has to end.
  #collectFragment(name: string, fields: Map<string, FieldNode[]>, active: Set<string>): void {
    const fragment = this.fragments.get(name)
    if (!fragment || active.has(name)) return
    active.add(name)
    this.#collect(fragment.selectionSet.selections, fields, active)
    active.delete(name)
  }
}

function refuse(message: string): never {
  throw new GraphQLError(message)
}

function count(value: number): string {
  return value.toLocaleString('en')
}
