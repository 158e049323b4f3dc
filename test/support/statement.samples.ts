import ts from 'typescript'
import { sql } from '../../src/platform/database/database.js'
import { readPage, writeCursor } from '../../src/platform/graphql/page.js'

const PAGE_SAMPLES = [readPage({}), readPage({ after: writeCursor({ rank: 1, id: 'sample' }) })]

/** Values of a type: each member of a union, null among them, and each property of an object in each of its ways. */
export function samplesOf(checker: ts.TypeChecker, type: ts.Type): readonly unknown[] {
  const { flags } = type
  if (type.isUnion()) return type.types.flatMap((part) => samplesOf(checker, part))
  if (flags & ts.TypeFlags.Null) return [null]
  if (flags & (ts.TypeFlags.Undefined | ts.TypeFlags.Void)) return [undefined]
  if (type.isLiteral()) return [type.value]
  if (flags & ts.TypeFlags.BooleanLiteral) return [checker.typeToString(type) === 'true']
  if (flags & ts.TypeFlags.StringLike) return ['sample']
  if (flags & ts.TypeFlags.NumberLike) return [1]
  if (flags & ts.TypeFlags.BigIntLike) return [1n]
  if (flags & ts.TypeFlags.Unknown) return [{}]
  if (checker.isArrayType(type) || checker.isTupleType(type)) {
    const elements = checker
      .getTypeArguments(type as ts.TypeReference)
      .map((each) => samplesOf(checker, each))
    return checker.isTupleType(type) ? combinations(elements) : (elements[0] ?? []).map((each) => [each])
  }
  return knownSamples(type) ?? samplesOfProperties(checker, type)
}

function knownSamples(type: ts.Type): readonly unknown[] | null {
  const names = [type.aliasSymbol?.name, type.symbol?.name]
  if (names.includes('Page')) return PAGE_SAMPLES
  if (names.includes('Date')) return [new Date(0)]
  if (names.includes('Buffer') || names.includes('Uint8Array')) return [Buffer.alloc(8)]
  if (names.includes('Sql')) return [sql`null`]
  return null
}

function samplesOfProperties(checker: ts.TypeChecker, type: ts.Type): readonly unknown[] {
  if (type.getCallSignatures().length > 0)
    throw new Error(`No sample of the type ${checker.typeToString(type)}`)
  const properties = checker.getPropertiesOfType(type)
  const choices = properties.map((property) => samplesOf(checker, checker.getTypeOfSymbol(property)))
  return combinations(choices).map((values) =>
    Object.fromEntries(properties.map(({ name }, index) => [name, values[index]])),
  )
}

const MAX_CALLS = 512

/** Each with each, as long as that is not too much; else each that differs from the first call in one argument. */
export function combinations(choices: readonly (readonly unknown[])[]): unknown[][] {
  const count = choices.reduce((product, each) => product * each.length, 1)
  if (count <= MAX_CALLS) {
    return choices.reduce<unknown[][]>(
      (calls, each) => calls.flatMap((call) => each.map((one) => [...call, one])),
      [[]],
    )
  }
  const first = choices.map(([one]) => one)
  return [first, ...choices.flatMap((each, index) => each.slice(1).map((one) => first.with(index, one)))]
}
