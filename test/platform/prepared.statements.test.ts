import { afterAll, beforeAll, expect, test } from 'vitest'
import { Database, raw, sql } from '../../src/platform/database/database.js'
import { openTestDatabase, type TestDatabase } from '../support/database.js'

const MAX_PREPARED = 500
const HOT = sql`select 'asked again and again' as text`

let database: TestDatabase
let db: Database

beforeAll(async () => {
  database = await openTestDatabase()
  db = new Database(database.pool)
})
afterAll(async () => {
  await db.close()
  await database.close()
})

// Asked one after the other, all go to the connection that was used last.
async function ask(from: number, to: number): Promise<void> {
  for (let number = from; number < to; number++) {
    expect(await db.query(sql`select ${raw(String(number))} as number`)).toEqual([{ number }])
    if (number % 100 === 0) await db.query(HOT)
  }
}

async function prepared(): Promise<string[]> {
  const { rows } = await database.pool.query('select statement from pg_prepared_statements')
  return rows.map(({ statement }) => statement)
}

test('a connection keeps the statements that it used last, and no others', async () => {
  await ask(0, MAX_PREPARED + 100)

  const kept = await prepared()
  expect(kept).toHaveLength(MAX_PREPARED)
  expect(kept).toContain(HOT.text)
  expect(kept).toContain(`select ${MAX_PREPARED + 99} as number`)
  expect(kept).not.toContain('select 0 as number')
})

test('one that was forgotten, also in a transaction, is prepared again', async () => {
  await ask(0, MAX_PREPARED + 1)

  expect(await db.transaction((tx) => tx.query(sql`select 0 as number`))).toEqual([{ number: 0 }])

  expect(await prepared()).toContain('select 0 as number')
})

test('one that could not be prepared makes room without a failure', async () => {
  await expect(db.query(sql`select * from nowhere`)).rejects.toMatchObject({ code: '42P01' })

  await ask(0, MAX_PREPARED + 1)

  expect(await prepared()).toHaveLength(MAX_PREPARED)
})
