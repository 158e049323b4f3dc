import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { buildSchema, Kind, parse, validate } from 'graphql'
import { expect, test } from 'vitest'

const ROOT = join(import.meta.dirname, '../..')
const SCHEMA = join(ROOT, 'schema.graphql')

const tab = parse(readFileSync(join(ROOT, 'graphiql/first-tab.graphql'), 'utf8'))
const variables = JSON.parse(readFileSync(join(ROOT, 'graphiql/first-tab.variables.json'), 'utf8'))

test.skipIf(!existsSync(SCHEMA))('every operation of the first tab is valid against the schema', () => {
  const schema = buildSchema(readFileSync(SCHEMA, 'utf8'))

  expect(validate(schema, tab).map((error) => error.message)).toEqual([])
})

test('the first tab names a value for every variable of its operations, and no other', () => {
  const used = tab.definitions
    .filter((definition) => definition.kind === Kind.OPERATION_DEFINITION)
    .flatMap((operation) => operation.variableDefinitions ?? [])
    .map((definition) => definition.variable.name.value)

  expect(new Set(Object.keys(variables))).toEqual(new Set(used))
})
