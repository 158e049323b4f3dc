import type { Pool } from 'pg'
import type { Fragment } from '../../src/platform/database/database.js'
import type { DeclaredColumn, DeclaredStatement } from './statement.declarations.js'
import { type DescribedColumn, describeStatement } from './statement.description.js'

// The generic plan is planned without values, and what a statement of the audit trail's retention reads has to be there.
const BEGIN = `begin; set local plan_cache_mode = force_generic_plan;
  set local heddle.audit_retention_before = '2000-01-01T00:00:00Z'`

/** What the database says of each statement against what its row declares: "file name: what differs". */
export async function findWrongRows(pool: Pool, statements: readonly DeclaredStatement[]): Promise<string[]> {
  const client = await pool.connect()
  try {
    await client.query(BEGIN)
    const wrong = new Set<string>()
    for (const { file, name, row, calls } of statements) {
      for (const text of await textsOf(file, name, calls)) {
        const described = await describeStatement(client, text).catch((error: Error) => {
          throw new Error(`${file} ${name}: ${error.message}\n${text.text}`)
        })
        for (const difference of differences(row, described))
          wrong.add(`${file.replace(/.*\/(?=[^/]+\/[^/]+$)/, '')} ${name}: ${difference}`)
      }
    }
    return [...wrong]
  } finally {
    await client.query('rollback')
    client.release()
  }
}

/** All the texts that the calls lead to, each once. */
async function textsOf(file: string, name: string, calls: DeclaredStatement['calls']): Promise<Fragment[]> {
  const module = await import(file)
  const statements = calls.map((call): Fragment => module[name](...call))
  return [...new Map(statements.map((statement) => [statement.text, statement])).values()]
}

function differences(row: readonly DeclaredColumn[], described: readonly DescribedColumn[]): string[] {
  const found = new Map(described.map((column) => [column.name, column]))
  const declared = new Set(row.map(({ name }) => name))
  return [
    ...described.filter(({ name }) => !declared.has(name)).map(({ name }) => `${name} is not declared`),
    ...row.flatMap(({ name, type, isNullable }) => {
      const column = found.get(name)
      if (!column) return [`${name} is not selected`]
      return [
        ...(column.type === type ? [] : [`${name} is ${column.type}, declared ${type}`]),
        ...(column.isNullable === null || column.isNullable === isNullable || type === 'json'
          ? []
          : [`${name} ${column.isNullable ? 'may' : 'cannot'} be null, declared otherwise`]),
      ]
    }),
  ]
}
