import {
  type ASTVisitor,
  type FieldNode,
  type FragmentDefinitionNode,
  GraphQLError,
  Kind,
  type SelectionSetNode,
  type ValidationContext,
} from 'graphql'

/** How large an operation may be, so that a short document cannot ask for work without end. */

export const MAX_TOKENS = 10_000
const MAX_DEPTH = 12
const MAX_FIELDS = 1_000

interface Size {
  depth: number
  fields: number
}

/** Refuses operations that are too deep or select too many fields, counted with their fragments written out. */
export function limitSize(context: ValidationContext): ASTVisitor {
  const measured = new Map<string, Size>()

  return {
    OperationDefinition(operation) {
      const { depth, fields } = measure(operation.selectionSet)
      if (depth > MAX_DEPTH) refuse(`The operation is ${depth} levels deep; ${MAX_DEPTH} are allowed.`)
      if (fields > MAX_FIELDS) refuse(`The operation selects more than ${MAX_FIELDS} fields.`)

      function refuse(message: string): void {
        context.reportError(new GraphQLError(message, { nodes: operation }))
      }
    },
  }

  function measure({ selections }: SelectionSetNode): Size {
    const size: Size = { depth: 0, fields: 0 }
    for (const selection of selections) {
      const { depth, fields } =
        selection.kind === Kind.FIELD
          ? measureField(selection)
          : selection.kind === Kind.INLINE_FRAGMENT
            ? measure(selection.selectionSet)
            : measureFragment(context.getFragment(selection.name.value))
      size.depth = Math.max(size.depth, depth)
      size.fields += fields
    }
    return size
  }

  // Introspection is deep by nature and reads no data; GraphQL has a rule of its own for it.
  function measureField({ name, selectionSet }: FieldNode): Size {
    if (name.value.startsWith('__')) return { depth: 0, fields: 1 }
    const inner = selectionSet ? measure(selectionSet) : { depth: 0, fields: 0 }
    return { depth: inner.depth + 1, fields: inner.fields + 1 }
  }

  function measureFragment(fragment: FragmentDefinitionNode | null | undefined): Size {
    const nothing = { depth: 0, fields: 0 }
    if (!fragment) return nothing
    const known = measured.get(fragment.name.value)
    if (known) return known
    // A fragment that holds itself is refused by another rule: here it must only come to an end.
    measured.set(fragment.name.value, nothing)
    const size = measure(fragment.selectionSet)
    measured.set(fragment.name.value, size)
    return size
  }
}
