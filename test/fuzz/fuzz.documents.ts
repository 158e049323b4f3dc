import {
  type GraphQLField,
  type GraphQLObjectType,
  type GraphQLSchema,
  getNamedType,
  isObjectType,
  OperationTypeNode,
} from 'graphql'
import type { Json } from '../support/client.js'
import type { Random } from '../support/crash.random.js'
import { anyValue, literalOf, pick, typedValue } from './fuzz.values.js'

/** Operations of a schema's grammar: most are valid but for what their arguments say, some are broken on purpose. */

export interface FuzzOperation {
  query: string
  variables: Record<string, Json>
}

const KINDS = [OperationTypeNode.QUERY, OperationTypeNode.MUTATION, OperationTypeNode.SUBSCRIPTION]
const MAX_DEPTH = 5
const DIRECTIVES = [
  '@skip(if: true)',
  '@include(if: false)',
  '@skip(if: $flag)',
  '@include(if: $flag)',
  '@skip',
  '@deprecated',
  '@skip(if: "a")',
  '@unknown(a: 1)',
  '@include(if: null)',
  '@skip(if: true) @skip(if: true)',
]
const META = [
  '__typename',
  '__schema { types { name fields { name type { name } } } }',
  '__type(name: "Thread") { name }',
]

export class DocumentGrammar {
  #variables: string[] = []
  #values: Record<string, Json> = {}
  #fragments: string[] = []

  constructor(
    private readonly schema: GraphQLSchema,
    private readonly random: Random,
  ) {}

  make(): FuzzOperation {
    this.#variables = []
    this.#values = {}
    this.#fragments = []
    const kind = pick(KINDS, this.random)
    const root = this.schema.getRootType(kind) as GraphQLObjectType
    const count = this.random(10) === 0 ? this.random(30) : 1
    const fields = Array.from({ length: count }, (_, index) => {
      const alias = count > 1 ? `a${index}: ` : ''
      return `${alias}${this.#field(pick(Object.values(root.getFields()), this.random), 1)}`
    })
    if (this.random(10) === 0) fields.push(pick(META, this.random))
    const flag = fields.join('').includes('$flag') || this.#fragments.join('').includes('$flag')
    if (flag) this.#declare('$flag: Boolean!', 'flag', this.random(4) === 0 ? anyValue(this.random) : true)
    const declared = this.#variables.length > 0 ? `(${this.#variables.join(' ')})` : ''
    const query = `${kind} Fuzz${declared} { ${fields.join(' ')} } ${this.#fragments.join(' ')}`
    return { query: this.random(6) === 0 ? broken(query, this.random) : query, variables: this.#values }
  }

  #field(field: GraphQLField<unknown, unknown>, depth: number): string {
    const given = field.args.filter((argument) => String(argument.type).endsWith('!') || this.random(2) === 0)
    const args = given.map((argument) => `${argument.name}: ${this.#argument(argument)}`)
    const directive = this.random(15) === 0 ? ` ${pick(DIRECTIVES, this.random)}` : ''
    const head = `${field.name}${args.length > 0 ? `(${args.join(' ')})` : ''}${directive}`
    const type = getNamedType(field.type)
    return isObjectType(type) ? `${head} ${this.#selection(type, depth)}` : head
  }

  #argument(argument: GraphQLField<unknown, unknown>['args'][number]): string {
    const value = typedValue(argument.type, this.random)
    if (this.random(2) === 0) return literalOf(value)
    const name = `v${this.#variables.length}`
    this.#declare(`$${name}: ${argument.type}`, name, value)
    return `$${name}`
  }

  #selection(type: GraphQLObjectType, depth: number): string {
    const fields = Object.values(type.getFields())
    const leaves = fields.filter((field) => !isObjectType(getNamedType(field.type)))
    const chosen = Array.from({ length: 1 + this.random(4) }, () =>
      pick(depth < MAX_DEPTH || leaves.length === 0 ? fields : leaves, this.random),
    )
    const selected =
      depth > MAX_DEPTH + 3 ? '__typename' : chosen.map((field) => this.#field(field, depth + 1)).join(' ')
    if (this.random(12) > 0) return `{ ${selected} }`
    const name = `f${this.#fragments.length}`
    this.#fragments.push('')
    this.#fragments[Number(name.slice(1))] =
      `fragment ${name} on ${type.name} { ${selected} ${this.random(6) === 0 ? `...${name}` : ''} }`
    return `{ ...${name} }`
  }

  #declare(declaration: string, name: string, value: Json): void {
    this.#variables.push(declaration)
    this.#values[name] = value
  }
}

const NOISE = [
  '{',
  '}',
  '(',
  ')',
  '[',
  '"',
  '"""',
  '\\',
  '...',
  '$',
  '@',
  ':',
  '!',
  '&',
  '#',
  '\0',
  '🧵',
  '\ud83e',
  'on',
]

/** A text with a piece cut out, doubled, or noise in it. */
export function broken(text: string, random: Random): string {
  const at = random(text.length)
  const length = random(20)
  const kinds = [
    () => text.slice(0, at),
    () => text.slice(0, at) + text.slice(at + length),
    () => text.slice(0, at) + text.slice(at, at + length).repeat(3) + text.slice(at),
    () => text.slice(0, at) + pick(NOISE, random).repeat(1 + random(30)) + text.slice(at),
    () => pick(NOISE, random).repeat(random(2_000)),
  ]
  return pick(kinds, random)()
}
