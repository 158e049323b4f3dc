// Fills a space as its worker would have, by bare statements: threads, messages, links and vectors.
import { encodeHalfVectorArray } from '../dist/features/embeddings/half.floats.js'
import { textOf } from './vectors.mjs'

const MESSAGES_A_THREAD = 100
const VECTORS_AT_ONCE = 2_000

export async function createSpace({ call }) {
  const { createOrganization } = await call(
    'mutation { createOrganization(name: "Bench") { organization { id } } }',
  )
  const organizationId = createOrganization.organization.id
  const { createSpace } = await call(
    'mutation ($input: CreateSpaceInput!) { createSpace(input: $input) { space { id } } }',
    { input: { organizationId, name: 'Bench' } },
  )
  return { id: createSpace.space.id, organizationId }
}

/** Threads of a hundred messages, numbered through. @returns their ids */
export async function addThreads(pool, { organizationId }, ownerId, count, messages = MESSAGES_A_THREAD) {
  await pool.query(
    `insert into thread (id, owner_id, organization_id, message_count, last_sequence, last_message_id, last_message_at)
     select 'thread' || n, $2::text, $1::text, $4::int, $4::int, 'm' || (n * $4::int), now()
     from generate_series(1, $3::int) n`,
    [organizationId, ownerId, count, messages],
  )
  await pool.query(
    `insert into message (id, thread_id, sequence, role, content, content_hash)
     select 'm' || ((n - 1) * $2::int + s), 'thread' || n, s, 'USER', $3::text || ((n - 1) * $2::int + s),
       sha256(convert_to($3::text || ((n - 1) * $2::int + s), 'UTF8'))
     from generate_series(1, $1::int) n, generate_series(1, $2::int) s`,
    [count, messages, textOf('')],
  )
  await pool.query(
    'update usage set threads = threads + $2::int, messages = messages + $2::int * $3::int where organization_id = $1',
    [organizationId, count, messages],
  )
  return Array.from({ length: count }, (_, index) => `thread${index + 1}`)
}

/** Links the threads of `addThreads` to the space, embedded whole. */
export async function fillSpace(pool, { id }, embedder, threads) {
  const vectors = threads * MESSAGES_A_THREAD
  await pool.query(
    `with links as (
       insert into space_thread (space_id, thread_id, added_by_id)
       select $1::text, 'thread' || n, 'user' from generate_series(1, $2::int) n)
     insert into store_thread (store_id, thread_id, generation, embedded_through, vector_count)
     select $1::text, 'thread' || n, n, $3::int, $3::int from generate_series(1, $2::int) n`,
    [id, threads, MESSAGES_A_THREAD],
  )
  const { rows } = await pool.query(`select 'halfvec'::regtype::oid::int as oid`)
  for (let start = 1; start <= vectors; start += VECTORS_AT_ONCE) {
    const numbers = Array.from(
      { length: Math.min(VECTORS_AT_ONCE, vectors - start + 1) },
      (_, n) => start + n,
    )
    await insertVectors(pool, id, embedder, numbers, rows[0].oid)
  }
  await pool.query('update embedding_store set thread_count = $2, vector_count = $3 where space_id = $1', [
    id,
    threads,
    vectors,
  ])
  await pool.query('vacuum analyze')
}

/** The bare bulk insert: a binary array of half-floats through unnest. */
export async function insertVectors(pool, storeId, embedder, numbers, oid, messages = MESSAGES_A_THREAD) {
  const binary = encodeHalfVectorArray(
    numbers.map((number) => embedder.vectorOf(number)),
    oid,
  )
  await pool.query(
    `insert into embedding (store_id, thread_id, generation, model, message_id, role, message_created_at, chunk, vector)
     select $1::text, 'thread' || ((n - 1) / $5::int + 1), (n - 1) / $5::int + 1, $2::text, 'm' || n, 'USER', now(), 0, vector
     from unnest($3::int[], $4::halfvec[]) as added (n, vector)`,
    [storeId, embedder.model, numbers, binary, messages],
  )
}
