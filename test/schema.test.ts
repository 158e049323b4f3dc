import { readFileSync } from 'node:fs'
import {
  buildSchema,
  type GraphQLNamedType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isObjectType,
  parse,
  validate,
} from 'graphql'
import { expect, test } from 'vitest'
import { printAppSchema } from '../src/app.resolvers.js'

const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8')

const PRINTED = printAppSchema()
const SCHEMA = buildSchema(PRINTED)

const ROOTS = new Set(['Query', 'Mutation', 'Subscription'])

test('schema.graphql is what the code says: npm run schema writes it', () => {
  expect(read('../schema.graphql')).toBe(PRINTED)
})

test('every type, field, argument, input field and enum value is described', () => {
  const types = Object.values(SCHEMA.getTypeMap()).filter(({ name }) => !name.startsWith('__'))

  expect(types.flatMap(undescribed)).toEqual([])
})

test('every operation that clients send fits the schema', () => {
  expect(validate(SCHEMA, parse(read('./contract/operations.graphql')))).toEqual([])
})

test('every mutation may fail without taking its siblings along', () => {
  const fields = Object.values(SCHEMA.getMutationType()?.getFields() ?? {})

  expect(fields.filter(({ type }) => String(type).endsWith('!')).map(({ name }) => name)).toEqual([])
})

test('the schema is the same however often it is built', () => {
  expect(printAppSchema()).toBe(PRINTED)
})

function undescribed(type: GraphQLNamedType): string[] {
  const own = type.description || ROOTS.has(type.name) ? [] : [type.name]
  return [...own, ...membersOf(type).flatMap(([name, { description }]) => (description ? [] : [name]))]
}

function membersOf(type: GraphQLNamedType): [string, { description?: string | null }][] {
  if (isEnumType(type)) return type.getValues().map((value) => [`${type.name}.${value.name}`, value])
  if (isInputObjectType(type)) {
    return Object.values(type.getFields()).map((field) => [`${type.name}.${field.name}`, field])
  }
  if (!isObjectType(type) && !isInterfaceType(type)) return []
  return Object.values(type.getFields()).flatMap((field) => {
    const path = `${type.name}.${field.name}`
    return [
      [path, field] as [string, typeof field],
      ...field.args.map((argument): [string, typeof argument] => [`${path}(${argument.name})`, argument]),
    ]
  })
}
