import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { diffMigrations } from '../../scripts/schema-diff.mjs'
import { openTestDatabase, type TestDatabase } from '../support/database.js'

describe('the migrations and schema.prisma', () => {
  let database: TestDatabase
  beforeAll(async () => {
    database = await openTestDatabase()
  })
  afterAll(() => database.close())

  test('agree: a change of one comes with a change of the other', async () => {
    expect(await diffMigrations()).toBe('')
  })

  test('agree on the types of vectors, which the comparison does not see', async () => {
    const { rows } = await database.pool.query(
      `select attname as name, format_type(atttypid, atttypmod) as type, attstorage::text as storage
         from pg_attribute
        where attrelid = 'embedding'::regclass and attname like any (array['vector', 'wide%'])
        order by attname`,
    )

    expect(rows).toEqual([
      { name: 'vector', type: 'halfvec', storage: 'p' },
      { name: 'wide_bits', type: 'bit varying', storage: 'p' },
      { name: 'wide_vector', type: 'halfvec', storage: 'e' },
    ])
  })

  test('keep a search within one index, which holds every column it reads', async () => {
    const { rows } = await database.pool.query(
      `select pg_get_indexdef('embedding_pkey'::regclass) as definition`,
    )

    expect(rows[0].definition).toContain(
      '(store_id, message_id, chunk) INCLUDE (thread_id, generation, role, message_created_at, vector, wide_bits)',
    )
  })

  test('keep the columns of a soft delete out of every index', async () => {
    const { rows } = await database.pool.query(
      `select indexname from pg_indexes
        where tablename = 'thread' and indexdef ~ 'deleted_at|deletion_batch_id'`,
    )

    expect(rows).toEqual([])
  })
})
