import { randomBytes } from 'node:crypto'
import { PGlite } from '@electric-sql/pglite'
import { vector } from '@electric-sql/pglite-pgvector'
import pg from 'pg'

/** A database with pgvector that tells whether it reads the binary form of a value as it reads its text. */
export interface HalfvecDatabase {
  /** of the type `halfvec` */
  readonly oid: number
  sameArray(binary: Buffer, texts: readonly (string | null)[]): Promise<boolean>
  sameVector(binary: Buffer, text: string): Promise<boolean>
  close(): Promise<void>
}

type Query = (sql: string, values: unknown[]) => Promise<unknown[]>

export async function openPglite(): Promise<HalfvecDatabase> {
  const database = await PGlite.create({ extensions: { vector } })
  await database.exec(EXTENSION)
  const { rows } = await database.query<{ oid: number; array: number }>(TYPES)
  const [types] = rows
  if (!types) throw new Error('pgvector must have a type halfvec.')
  const serializers = { [types.oid]: asItIs, [types.array]: asItIs }
  const query: Query = async (sql, values) => (await database.query(sql, values, { serializers })).rows
  return comparing(query, types.oid, () => database.close())
}

/** In a scratch database beside the one of the address. */
export async function openPostgres(url: string): Promise<HalfvecDatabase> {
  const name = `heddle_half_${randomBytes(6).toString('hex')}`
  const server = new pg.Client({ connectionString: url })
  await server.connect()
  await server.query(`create database ${name}`)
  const scratch = new URL(url)
  scratch.pathname = `/${name}`
  const client = new pg.Client({ connectionString: scratch.href })
  await client.connect()
  await client.query(EXTENSION)
  const { rows } = await client.query(TYPES)
  return comparing(
    async (sql, values) => (await client.query(sql, values)).rows,
    rows[0].oid,
    async () => {
      await client.end()
      await server.query(`drop database ${name}`)
      await server.end()
    },
  )
}

const EXTENSION = 'create extension if not exists vector'
const TYPES = `select 'halfvec'::regtype::oid::int as oid, 'halfvec[]'::regtype::oid::int as array`

function comparing(query: Query, oid: number, close: () => Promise<void>): HalfvecDatabase {
  const same = async (sql: string, values: unknown[]) => {
    const [row] = await query(sql, values)
    return (row as { same: boolean }).same
  }
  return {
    oid,
    // An array literal as text, so that only the value under test is binary.
    sameArray: (binary, texts) =>
      same('select $1::halfvec[] is not distinct from ($2::text)::halfvec[] as same', [
        binary,
        `{${texts.map((text) => (text === null ? 'NULL' : `"${text}"`)).join(',')}}`,
      ]),
    sameVector: (binary, text) => same('select $1::halfvec = ($2::text)::halfvec as same', [binary, text]),
    close,
  }
}

/** What is in the wire form already is sent as it is. */
function asItIs<T>(value: T): T {
  return value
}
