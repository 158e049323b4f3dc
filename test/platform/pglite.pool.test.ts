import { PrismaPg } from '@prisma/adapter-pg'
import type { Pool } from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Prisma, PrismaClient } from '../../src/generated/prisma/client.js'
import type { OpenPglite } from '../../src/platform/database/pglite.open.js'
import { freshPglite } from '../support/pglite.template.js'

const LARGE = 60_000_000

let database: OpenPglite
let pool: Pool

beforeAll(async () => {
  database = await freshPglite()
  pool = database.pool
})
afterAll(() => database.close())

describe('values', () => {
  test('arrive as they left, whatever their type', async () => {
    const date = new Date('2026-02-03T04:05:06.789Z')
    const values = [7, 'ö', true, null, { a: [1] }, ['x', null, 'y,"z'], date, Buffer.from([0, 1, 255])]

    const { rows } = await pool.query(
      `select $1::int a, $2::text b, $3::bool c, $4::text d, $5::jsonb e, $6::text[] f, $7::timestamptz g, $8::bytea h`,
      values,
    )

    expect(Object.values(rows[0])).toEqual(values)
  })

  test('are read by the parsers of the statement that asks for its own', async () => {
    const types = { getTypeParser: () => (value: string | Buffer) => `raw ${value}` }

    const { rows } = await pool.query({ text: 'select $1::int8 as number', values: ['12'], types })

    expect(rows).toEqual([{ number: 'raw 12' }])
  })

  test('of sixty megabytes go in and come out', async () => {
    const { rows } = await pool.query('select $1::text as text', ['x'.repeat(LARGE)])

    expect(rows[0].text).toHaveLength(LARGE)
  })

  test('in a buffer are binary, so that vectors need not be printed', async () => {
    const { rows: types } = await pool.query(`select 'halfvec'::regtype::oid as oid`)

    const { rows } = await pool.query('select unnest($1::halfvec[])::text as vector', [
      binaryHalfVectors(types[0].oid, [
        [0x3c00, 0xc000],
        [0x3800, 0x0000],
      ]),
    ])

    expect(rows).toEqual([{ vector: '[1,-2]' }, { vector: '[0.5,0]' }])
  })

  test('without a zone are UTC', async () => {
    const { rows } = await pool.query(`select '2026-02-03 04:05:06'::timestamptz as time`)

    expect(rows[0].time).toEqual(new Date('2026-02-03T04:05:06Z'))
  })
})

describe('errors', () => {
  test('carry what PostgreSQL says of them', async () => {
    await pool.query('create table parent (id int primary key, name text constraint parent_name_key unique)')
    await pool.query(`insert into parent values (1, 'a')`)

    await expect(pool.query('insert into parent values ($1, $2)', [2, 'a'])).rejects.toMatchObject({
      code: '23505',
      severity: 'ERROR',
      table: 'parent',
      constraint: 'parent_name_key',
      detail: 'Key (name)=(a) already exists.',
    })
  })

  test('reach a caller of Prisma as on PostgreSQL', async () => {
    const prisma = new PrismaClient({ adapter: new PrismaPg(pool, { disposeExternalPool: false }) })
    const user = { data: { id: 'user_1' } }
    await prisma.user.create(user)

    await expect(prisma.user.create(user)).rejects.toMatchObject({ code: 'P2002' })
    await expect(
      prisma.member.create({ data: { organizationId: 'org_none', userId: 'user_1', role: 'OWNER' } }),
    ).rejects.toMatchObject({ code: 'P2003' })
    await expect(prisma.user.delete({ where: { id: 'user_none' } })).rejects.toMatchObject({ code: 'P2025' })
    await expect(prisma.$queryRaw(Prisma.sql`select nothing from nowhere`)).rejects.toMatchObject({
      code: 'P2010',
    })
    await prisma.$disconnect()
  })

  test('in a storm touch only the statements that made them', async () => {
    const outcomes = await Promise.all(
      Array.from({ length: 200 }, (_, index) =>
        pool
          .query({
            name: `storm_${index % 3}`,
            text: `select ${index % 3} / $1::int as n`,
            values: [index % 3],
          })
          .then(
            ({ rows }) => rows[0].n,
            (error) => error.code,
          ),
      ),
    )

    expect(outcomes).toEqual(Array.from({ length: 200 }, (_, index) => (index % 3 === 0 ? '22012' : 1)))
  })

  test('leave prepared statements usable, on the same client and on the next', async () => {
    const statement = { name: 'halves', text: 'select 6 / $1::int as n' }
    const client = await pool.connect()

    await expect(client.query({ ...statement, values: [0] })).rejects.toMatchObject({ code: '22012' })
    expect((await client.query({ ...statement, values: [2] })).rows).toEqual([{ n: 3 }])
    client.release()

    await expect(pool.query({ ...statement, values: [0] })).rejects.toMatchObject({ code: '22012' })
    expect((await pool.query({ ...statement, values: [3] })).rows).toEqual([{ n: 2 }])
  })

  test('end a result that is asked for in portions, instead of leaving its caller waiting', async () => {
    const portions = { text: 'select generate_series(1, 9)', rows: 2 }

    await expect(pool.query(portions)).rejects.toThrow('PGlite returns results as a whole')
    expect((await pool.query('select 1 as n')).rows).toEqual([{ n: 1 }])
  })
})

test('timers of the process still run while statements follow one another', async () => {
  let ticks = 0
  const timer = setInterval(() => ticks++, 1)
  for (let count = 0; count < 200; count++) await pool.query('select 1')
  clearInterval(timer)

  expect(ticks).toBeGreaterThan(0)
})

/** An array of halfvec as PostgreSQL receives it in binary: header, then length, dimension and floats of each. */
function binaryHalfVectors(oid: number, vectors: number[][]): Buffer {
  const header = [1, 0, oid, vectors.length, 1].map(int32)
  const elements = vectors.flatMap((halves) => [
    int32(4 + 2 * halves.length),
    int16(halves.length),
    int16(0),
    ...halves.map(int16),
  ])
  return Buffer.concat([...header, ...elements])
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}

function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2)
  bytes.writeUInt16BE(value)
  return bytes
}
