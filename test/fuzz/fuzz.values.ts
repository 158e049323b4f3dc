import {
  type GraphQLInputType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isScalarType,
} from 'graphql'
import type { Json } from '../support/client.js'
import type { Random } from '../support/crash.random.js'

/** Values for arguments and variables: of their type more often than not, and otherwise of any. */

const TEXTS = [
  '',
  ' ',
  'a',
  'user_1',
  'org_1',
  'org_',
  'thrd_1',
  'space_1',
  'x'.repeat(3_000),
  '🧵',
  '\ud83e',
  'a\0b',
  '\u202e',
  "'; drop table thread; --",
  '{{7*7}}',
  '../../etc/passwd',
  'null',
  '%s%n',
  '\r\nx-a: b',
  '{"a":1}',
  '2026-01-01T00:00:00Z',
  '0000-00-00T00:00:00Z',
  '+275760-09-13T00:00:00Z',
  'WyIyMDI2Il0',
  'constructor',
  '__proto__',
]
const NUMBERS = [0, 1, -1, 5, 100, 101, 2 ** 31, -(2 ** 31), 2 ** 53, 1e308, 0.1, -0]
const OTHERS: readonly Json[] = [null, true, false, [], {}, [[]], [null], { a: { b: [1] } }, ['a', 1, null]]

export function pick<Item>(items: readonly Item[], random: Random): Item {
  return items[random(items.length)] as Item
}

export function anyValue(random: Random): Json {
  return pick<Json>([...OTHERS, pick(TEXTS, random), pick(NUMBERS, random), deep(random(400))], random)
}

export function typedValue(type: GraphQLInputType, random: Random, depth = 0): Json {
  if (random(12) === 0) return anyValue(random)
  if (isNonNullType(type)) return typedValue(type.ofType, random, depth)
  if (random(8) === 0) return null
  if (isListType(type)) {
    return Array.from({ length: random(4) }, () => typedValue(type.ofType, random, depth + 1))
  }
  if (isEnumType(type)) return pick(type.getValues(), random).name
  if (isInputObjectType(type)) {
    const fields = Object.values(type.getFields()).filter(
      (field) => isNonNullType(field.type) || random(2) === 0,
    )
    return Object.fromEntries(fields.map((field) => [field.name, typedValue(field.type, random, depth + 1)]))
  }
  return isScalarType(type) ? scalar(type.name, random) : null
}

function scalar(name: string, random: Random): Json {
  if (name === 'Int' || name === 'SafeInt') return pick([1, 2, 20, 100, ...NUMBERS], random)
  if (name === 'Boolean') return random(2) === 0
  if (name === 'JSONObject')
    return pick<Json>([{}, { a: pick(TEXTS, random) }, { a: deep(random(200)) }], random)
  return pick(TEXTS, random)
}

function deep(levels: number): Json {
  let value: Json = 1
  for (let level = 0; level < levels; level++) value = level % 2 === 0 ? [value] : { a: value }
  return value
}

/** A value as it stands in a document. */
export function literalOf(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(literalOf).join(' ')}]`
  if (typeof value !== 'object' || value === null) {
    return typeof value === 'string' && /^[A-Z][A-Z_]+$/.test(value) ? value : JSON.stringify(value)
  }
  return `{${Object.entries(value)
    .map(([name, inner]) => `${name}: ${literalOf(inner)}`)
    .join(' ')}}`
}
