import {
  type ASTVisitor,
  GraphQLError,
  GraphQLIncludeDirective,
  GraphQLSkipDirective,
  Kind,
  type SelectionNode,
  type ValidationContext,
} from 'graphql'

const CONDITIONS = new Set([GraphQLSkipDirective.name, GraphQLIncludeDirective.name])

/**
 * A subscription has exactly one root field, so neither it nor a fragment around it may be skipped. Source: the GraphQL
 * specification, Single Root Field; graphql-js checks only constant conditions, not variables.
 */
export function requireUnconditionalRoot(context: ValidationContext): ASTVisitor {
  return {
    OperationDefinition({ operation, selectionSet }) {
      if (operation === 'subscription') check(selectionSet.selections, new Set())
    },
  }

  function check(selections: readonly SelectionNode[], seen: Set<string>): void {
    for (const selection of selections) {
      const condition = selection.directives?.find(({ name }) => CONDITIONS.has(name.value))
      if (condition) {
        const message = `The root field of a subscription cannot have @${condition.name.value}.`
        context.reportError(new GraphQLError(message, { nodes: condition }))
      }
      check(innerOf(selection, seen), seen)
    }
  }

  function innerOf(selection: SelectionNode, seen: Set<string>): readonly SelectionNode[] {
    if (selection.kind === Kind.FIELD) return []
    if (selection.kind === Kind.INLINE_FRAGMENT) return selection.selectionSet.selections
    const name = selection.name.value
    if (seen.has(name)) return []
    seen.add(name)
    return context.getFragment(name)?.selectionSet.selections ?? []
  }
}
