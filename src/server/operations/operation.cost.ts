import {
  type GraphQLSchema,
  getNamedType,
  getNullableType,
  isCompositeType,
  isListType,
  Kind,
  type OperationDefinitionNode,
  type TypeNode,
  validate,
} from 'graphql'
// Its ESM build would bring a second copy of graphql when bundled.
import { type ComplexityEstimatorArgs, createComplexityRule } from 'graphql-query-complexity/cjs'
import type { OperationDocument } from './operation.documents.js'

/**
 * The cost of an operation in points, computed before anything is read: one per object that it may read, and a tenth per
 * value. The contents of a list count once per entry that the list may have, so nested lists multiply. A field that is
 * more expensive than what it returns declares its own cost: `complexity` in its decorator.
 */

const OBJECT_POINTS = 1
const VALUE_POINTS = 0.1
const MUTATION_POINTS = 10
const SUBSCRIPTION_POINTS = 10
const DEFAULT_PAGE = 20
const MAX_PAGE = 100
const LIST_ENTRIES = 10
// The schema is in memory: a thousand of its nodes count as one object.
const SCHEMA_OBJECT_POINTS = 0.001
const SCHEMA_ENTRIES: Readonly<Record<string, number>> = { types: 200, directives: 10, fields: 20 }

export function costOf(
  schema: GraphQLSchema,
  document: OperationDocument,
  operation: OperationDefinitionNode,
  variables: Readonly<Record<string, unknown>>,
): number {
  const key = keyOf(operation, variables)
  const known = document.costs.get(key)
  if (known !== undefined) return known
  let cost = 0
  const rule = createComplexityRule({
    maximumComplexity: Number.POSITIVE_INFINITY,
    variables,
    ...(operation.name && { operationName: operation.name.value }),
    estimators: [estimate],
    onComplete: (complexity) => {
      cost = complexity
    },
  })
  // A field with invalid arguments fails when it is executed, and reads nothing.
  validate(schema, document.node, [rule])
  const points = Math.max(1, Math.ceil(cost - 1e-6))
  document.costs.set(key, points)
  return points
}

/** Only numbers determine the number of entries, and only booleans what is skipped. */
function keyOf(
  { name, variableDefinitions = [] }: OperationDefinitionNode,
  variables: Record<string, unknown>,
) {
  const deciding = variableDefinitions.filter(({ type }) => isDeciding(type))
  const given = deciding.map(({ variable }) => variables[variable.name.value])
  // An omitted variable has its default value, unlike one that is null.
  return JSON.stringify([name?.value, ...given.map((value) => (value === undefined ? 'default' : value))])
}

function isDeciding(type: TypeNode): boolean {
  if (type.kind === Kind.NON_NULL_TYPE) return isDeciding(type.type)
  return type.kind === Kind.NAMED_TYPE && ['Int', 'Boolean'].includes(type.name.value)
}

function estimate({ type, field, args, childComplexity }: ComplexityEstimatorArgs): number {
  if (type.name.startsWith('__') || field.name.startsWith('__')) {
    const entries = isListType(getNullableType(field.type)) ? (SCHEMA_ENTRIES[field.name] ?? 5) : 1
    return isCompositeType(getNamedType(field.type)) ? SCHEMA_OBJECT_POINTS + entries * childComplexity : 0
  }
  return weightOf(type.name, field) + entriesOf(field, args) * childComplexity
}

function weightOf(typeName: string, { name, type, extensions }: ComplexityEstimatorArgs['field']): number {
  if (typeof extensions.complexity === 'number') return extensions.complexity
  if (typeName === 'Mutation') return MUTATION_POINTS
  if (typeName === 'Subscription') return SUBSCRIPTION_POINTS
  // The cost is the list's own: an entry counts as its node.
  if (name === 'edges' || name === 'pageInfo' || typeName === 'PageInfo') return 0
  return isCompositeType(getNamedType(type)) ? OBJECT_POINTS : VALUE_POINTS
}

function entriesOf(
  { name, args, type }: ComplexityEstimatorArgs['field'],
  given: ComplexityEstimatorArgs['args'],
) {
  if (args.some((argument) => argument.name === 'first')) {
    // A larger page is rejected by the list itself.
    return Math.min(Math.max(1, given.first ?? DEFAULT_PAGE), MAX_PAGE)
  }
  return name !== 'edges' && isListType(getNullableType(type)) ? LIST_ENTRIES : 1
}
