import pg from 'pg'
import { type Statement, sql } from '../../platform/database/database.js'
import { MAX_INDEXED_DIMENSIONS } from './vector.writer.js'

/** A store that has a vector index, or is large enough for one. */
export interface IndexCandidate {
  storeId: string
  dimensions: number
  /** vectors of live threads */
  vectors: number
  /** messages that are still to be embedded, in the first thousands of threads */
  pending: number
  /** maximum number of vectors seen since the index was built; null: no index */
  indexedVectors: number | null
  isReady: boolean
}

// A store with more pending threads than this is being filled, however few messages each thread lacks.
const MOST_THREADS_MEASURED = 5_000

/** Uses the counts of stores: a large one has too many threads to scan every few seconds. */
export const selectIndexCandidates = (fewest: number) => sql<IndexCandidate>`
  select coalesce(i.store_id, s.id) as "storeId", s.embedding_dimensions as dimensions,
    coalesce(s.vector_count, 0)::float8 as vectors, coalesce(behind.messages, 0)::float8 as pending,
    i.vectors::float8 as "indexedVectors", coalesce(i.ready_at is not null, false) as "isReady"
  from (select * from embedding_store where state <> 'RETIRED') s
    full join vector_index i on i.store_id = s.id
    left join lateral (
      select sum(rest) as messages from (
        select greatest(t.last_sequence - m.embedded_through, 0) as rest
        from store_thread m join thread t on t.id = m.thread_id
        where m.store_id = s.id and m.next_attempt_at is not null limit ${MOST_THREADS_MEASURED}::int) m) behind on true
  where i.store_id is not null or s.vector_count >= ${fewest}::int
  order by 1`

/** All vectors in a store, including those of soft-deleted threads. */
export const countStoredVectors = (storeId: string) => sql<{ vectors: number }>`
  select coalesce(sum(m.vector_count), 0)::float8 as vectors
  from embedding_store s join store_thread m on m.store_id = s.id where s.id = ${storeId} and s.state <> 'RETIRED'`

/** Recorded before the build, so that the remains of a node that died can be found. */
export const insertVectorIndex = (storeId: string, vectors: number): Statement => sql`
  insert into vector_index (store_id, vectors) values (${storeId}, ${vectors}::bigint) returning store_id`

export const markIndexReady = (storeId: string): Statement =>
  sql`update vector_index set ready_at = now() where store_id = ${storeId} returning store_id`

export const raiseIndexedVectors = (storeId: string, vectors: number): Statement =>
  sql`update vector_index set vectors = ${vectors}::bigint where store_id = ${storeId} returning store_id`

export const deleteVectorIndex = (storeId: string): Statement =>
  sql`delete from vector_index where store_id = ${storeId} returning store_id`

export const selectReadyIndex = (storeId: string): Statement =>
  sql`select store_id from vector_index where store_id = ${storeId} and ready_at is not null`

/**
 * One index per store: with all stores in one index, filtering by store leaves a small space 12 of 100 correct hits. Wide
 * vectors are indexed by their bits. Built concurrently with writers, outside any transaction.
 */
export function createIndex(indexName: string, storeId: string, dimensions: number): string {
  const key =
    dimensions > MAX_INDEXED_DIMENSIONS
      ? `(wide_bits::bit(${dimensions})) bit_hamming_ops`
      : `(vector::halfvec(${dimensions})) halfvec_cosine_ops`
  return `create index concurrently ${indexName} on embedding using hnsw (${key})
    where store_id = ${pg.escapeLiteral(storeId)}`
}

export function dropIndex(indexName: string): string {
  return `drop index concurrently if exists ${indexName}`
}

export const tryIndexTurn = (): Statement =>
  sql`select pg_try_advisory_lock(hashtextextended('heddle vector indexes', 0)) as "isOurs", pg_backend_pid() as pid`

export const cancelBackend = (pid: number): Statement => sql`select pg_cancel_backend(${pid}::int)`

export const selectVectorVersion = () =>
  sql<{ version: string }>`select extversion as version from pg_extension where extname = 'vector'`

/** How far a search goes into an index, and that it goes on behind what a filter left out. Until the commit. */
export const setIndexScan = (candidates: number): Statement => sql`
  select set_config('hnsw.ef_search', ${String(candidates)}, true),
    set_config('hnsw.iterative_scan', 'relaxed_order', true),
    set_config('plan_cache_mode', 'force_custom_plan', true)`
