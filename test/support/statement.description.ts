import type { Connection, PoolClient, Submittable } from 'pg'
import type { Fragment } from '../../src/platform/database/database.js'

/** A column as the database describes it. */
export interface DescribedColumn {
  name: string
  type: string
  /** null: nothing tells */
  isNullable: boolean | null
}

interface Field {
  name: string
  dataTypeID: number
  tableID: number
  columnID: number
}

/** What the database says of a statement's columns, without running it. */
export async function describeStatement(client: PoolClient, statement: Fragment): Promise<DescribedColumn[]> {
  const fields = await new Promise<readonly Field[]>((resolve, reject) => {
    client.query(new Description(statement.text, resolve, reject))
  })
  if (fields.length === 0) return []
  const plan = await explain(client, statement)
  const nullable = nullableAliases(plan)
  const [types, origins] = await Promise.all([typesOf(client, fields), originsOf(client, fields)])
  return fields.map(({ name, dataTypeID, tableID, columnID }, index) => ({
    name,
    type: types.get(dataTypeID) ?? `oid ${dataTypeID}`,
    isNullable: isNullable(plan.Output?.[index] ?? '', origins.get(`${tableID}.${columnID}`), nullable),
  }))
}

/** pg describes only what it then runs: this parses and describes, as pg's own Query would. */
class Description implements Submittable {
  #fields: readonly Field[] = []
  #error: Error | null = null

  constructor(
    private readonly text: string,
    private readonly resolve: (fields: readonly Field[]) => void,
    private readonly reject: (error: Error) => void,
  ) {}

  submit(connection: Connection): void {
    connection.parse({ name: '', text: this.text, types: [] }, true)
    connection.describe({ type: 'S' }, true)
    connection.sync()
  }

  handleRowDescription({ fields }: { fields: readonly Field[] }): void {
    this.#fields = fields
  }

  handleError(error: Error): void {
    this.#error = error
  }

  handleReadyForQuery(): void {
    if (this.#error) this.reject(this.#error)
    else this.resolve(this.#fields)
  }
}

/** PostgreSQL's types as pg reads them. */
const TYPES: Readonly<Record<string, string>> = {
  bool: 'boolean',
  int2: 'number',
  int4: 'number',
  float4: 'number',
  float8: 'number',
  int8: 'bigint',
  text: 'string',
  name: 'string',
  varchar: 'string',
  timestamptz: 'Date',
  json: 'json',
  jsonb: 'json',
  bytea: 'Bytes',
}

async function typesOf(client: PoolClient, fields: readonly Field[]): Promise<Map<number, string>> {
  const { rows } = await client.query<{
    oid: number
    name: string
    element: string | null
    labels: string | null
  }>(
    `select t.oid, t.typname as name, e.typname as element,
      (select string_agg(enumlabel, ' | ' order by enumlabel collate "C") from pg_enum where enumtypid = coalesce(e.oid, t.oid)) as labels
    from pg_type t left join pg_type e on e.oid = t.typelem and t.typcategory = 'A' where t.oid = any($1::oid[])`,
    [fields.map(({ dataTypeID }) => dataTypeID)],
  )
  return new Map(
    rows.map(({ oid, name, element, labels }) => {
      const scalar = labels ?? TYPES[element ?? name] ?? element ?? name
      return [oid, element === null ? scalar : `${scalar}[]`]
    }),
  )
}

/** Whether each column that comes straight from a table may be null there. */
async function originsOf(client: PoolClient, fields: readonly Field[]): Promise<Map<string, boolean>> {
  const { rows } = await client.query<{ origin: string; isNullable: boolean }>(
    `select attrelid::int8 || '.' || attnum as origin, not attnotnull as "isNullable" from pg_attribute
    where attrelid = any($1::oid[])`,
    [fields.map(({ tableID }) => tableID)],
  )
  return new Map(rows.map(({ origin, isNullable }) => [origin, isNullable]))
}

interface PlanNode {
  'Join Type'?: string
  'Parent Relationship'?: string
  Alias?: string
  Output?: string[]
  Plans?: PlanNode[]
}

async function explain(client: PoolClient, { text, values }: Fragment): Promise<PlanNode> {
  await client.query(`prepare described as ${text}`)
  const nulls = values.length > 0 ? `(${values.map(() => 'null').join(', ')})` : ''
  const { rows } = await client.query(`explain (verbose, format json, costs off) execute described${nulls}`)
  await client.query('deallocate described')
  return rows[0]['QUERY PLAN'][0].Plan
}

/** Relations on the side of an outer join that may be without a row. */
function nullableAliases({ Plans = [], ...node }: PlanNode): Set<string> {
  const sides = { Left: ['Inner'], Right: ['Outer'], Full: ['Inner', 'Outer'] }[node['Join Type'] ?? ''] ?? []
  return new Set(
    Plans.flatMap((plan) => [
      ...(sides.includes(plan['Parent Relationship'] ?? '') ? aliasesOf(plan) : nullableAliases(plan)),
    ]),
  )
}

function aliasesOf({ Alias, Plans = [] }: PlanNode): string[] {
  return [...(Alias ? [Alias] : []), ...Plans.flatMap(aliasesOf)]
}

// What `explain (verbose)` writes for expressions that are null never, or always.
const NEVER_NULL = [
  /^\(*count\(/,
  /\bIS (?:NOT )?NULL\)$/,
  /^\(*(?:COALESCE|COALESCE\(.*), (?:'[^']*'::\w[\w ]*|[\d.]+|false|true)\)/,
  /^'[^']*'::/,
  /^(?:true|false|\d+)$/,
  /^(?:now|clock_timestamp)\(\)$/,
]
const ALWAYS_NULL = /^NULL::/

function isNullable(
  expression: string,
  origin: boolean | undefined,
  nullable: ReadonlySet<string>,
): boolean | null {
  const [, alias] = /^\(*"?([a-z_0-9]+)"?\."?\w+"?(?:\)::[\w ]+)?$/.exec(expression) ?? []
  if (alias && nullable.has(alias)) return true
  if (origin !== undefined) return origin
  if (ALWAYS_NULL.test(expression)) return true
  return NEVER_NULL.some((form) => form.test(expression)) ? false : null
}
